#include "tls_failure.h"

#include <errno.h>
#include <mbedtls/net_sockets.h>
#include <stdio.h>

#include "tls_memory.h"

/* RFC 8446 section 6.2: those that a server has reason to send to a client like this one. */
static const struct {
    int number;
    const char *name;
} alerts[] = {
    {MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE, "handshake_failure"},
    {MBEDTLS_SSL_ALERT_MSG_BAD_CERT, "bad_certificate"},
    {MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT, "unsupported_certificate"},
    {MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED, "certificate_revoked"},
    {MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED, "certificate_expired"},
    {MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN, "certificate_unknown"},
    {MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA, "unknown_ca"},
    {MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED, "access_denied"},
    {MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR, "decode_error"},
    {MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR, "decrypt_error"},
    {MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION, "protocol_version"},
    {MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY, "insufficient_security"},
    {MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR, "internal_error"},
    {MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME, "unrecognized_name"},
    {116, "certificate_required"},
    {MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL, "no_application_protocol"},
};

static void alert_failure(struct failure *failure, int alert)
{
    const char *name = "alert";
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++) {
        if (alerts[i].number == alert)
            name = alerts[i].name;
    }
    char detail[sizeof failure->detail];
    snprintf(detail, sizeof detail, "%s, alert %d", name, alert);
    failure_set(failure, alert == MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION ? "TLS_VERSION" : "TLS_ALERT", detail);
}

/* The clock first: where it is wrong nothing else that was found tells anything. */
static void certificate_failure(struct failure *failure, uint32_t faults)
{
    char detail[sizeof failure->detail] = "";
    if ((faults & MBEDTLS_X509_BADCERT_FUTURE) != 0) {
        failure_set(failure, "CERT_NOT_YET_VALID", "");
    } else if ((faults & MBEDTLS_X509_BADCERT_EXPIRED) != 0) {
        failure_set(failure, "CERT_EXPIRED", "");
    } else if (faults == MBEDTLS_X509_BADCERT_CN_MISMATCH) {
        failure_set(failure, "CERT_OTHER_HOST", "");
    } else {
        if ((faults & MBEDTLS_X509_BADCERT_NOT_TRUSTED) == 0)
            snprintf(detail, sizeof detail, "faults 0x%x", (unsigned int)faults);
        failure_set(failure, "CERT_UNTRUSTED", detail);
    }
}

static void other_failure(struct failure *failure, int code)
{
    char detail[sizeof failure->detail];
    snprintf(detail, sizeof detail, "-0x%04X", (unsigned int)-code);
    failure_set(failure, "TLS", detail);
}

void tls_failure(struct failure *failure, mbedtls_ssl_context *ssl, int code, int error)
{
    uint32_t faults = mbedtls_ssl_get_verify_result(ssl);
    if (tls_memory_lacked())
        failure_errno(failure, ENOMEM);
    else if (code == MBEDTLS_ERR_NET_SEND_FAILED || code == MBEDTLS_ERR_NET_RECV_FAILED)
        failure_errno(failure, error);
    else if (code == MBEDTLS_ERR_SSL_CONN_EOF || code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        failure_errno(failure, ECONNRESET);
    else if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE && ssl->MBEDTLS_PRIVATE(in_msgtype) == MBEDTLS_SSL_MSG_ALERT)
        alert_failure(failure, ssl->MBEDTLS_PRIVATE(in_msg)[1]);
    else if (code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || code == MBEDTLS_ERR_SSL_BAD_CERTIFICATE)
        certificate_failure(failure, faults);
    else if (code == MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION)
        failure_set(failure, "TLS_VERSION", "");
    else if (code == MBEDTLS_ERR_SSL_INVALID_RECORD && mbedtls_ssl_is_handshake_over(ssl) == 0)
        failure_set(failure, "NOT_TLS", "");
    else
        other_failure(failure, code);
}
