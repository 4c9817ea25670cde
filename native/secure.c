#include "secure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/platform.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "tls_failure.h"
#include "tls_memory.h"

struct secure {
    mbedtls_ssl_context ssl;
    struct tls_settings *settings;
    int descriptor;
    /* Errno of the last system call that failed. */
    int error;
    /* The peer sends nothing more, whether or not it has said so in TLS. */
    bool peer_ended;
    /* The peer has been told that nothing more is sent, or will be with what is left to be flushed. */
    bool ended;
    /* The host where it is an address: 4 or 16 bytes, 0 of a name. */
    unsigned char address[sizeof(struct in6_addr)];
    size_t address_length;
    int port;
    char host[];
};

static int send_some(void *opaque, const unsigned char *bytes, size_t length)
{
    struct secure *secure = opaque;
    ssize_t sent = send(secure->descriptor, bytes, length, MSG_NOSIGNAL);
    if (sent >= 0)
        return (int)sent;
    if (errno == EAGAIN || errno == EINTR)
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    /* A server that refuses a handshake does not wait for the rest of it: what it said, read next, tells more. */
    if ((errno == EPIPE || errno == ECONNRESET) && mbedtls_ssl_is_handshake_over(&secure->ssl) == 0)
        return (int)length;
    secure->error = errno;
    return MBEDTLS_ERR_NET_SEND_FAILED;
}

static int receive_some(void *opaque, unsigned char *into, size_t room)
{
    struct secure *secure = opaque;
    ssize_t received = recv(secure->descriptor, into, room, 0);
    secure->peer_ended = received == 0;
    if (received >= 0)
        return (int)received;
    if (errno == EAGAIN || errno == EINTR)
        return MBEDTLS_ERR_SSL_WANT_READ;
    secure->error = errno;
    return MBEDTLS_ERR_NET_RECV_FAILED;
}

/*
 * mbedTLS sends the name that it verifies in the server name indication, which must not be an address (RFC 6066
 * section 3). So it is not told of an address, and the certificate's are compared here.
 */
static int verify_address(void *opaque, mbedtls_x509_crt *certificate, int depth, uint32_t *faults)
{
    const struct secure *secure = opaque;
    if (depth > 0)
        return 0;
    for (const mbedtls_x509_sequence *name = &certificate->subject_alt_names; name != NULL; name = name->next) {
        if ((name->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) == MBEDTLS_X509_SAN_IP_ADDRESS &&
            name->buf.len == secure->address_length &&
            memcmp(name->buf.p, secure->address, secure->address_length) == 0)
            return 0;
    }
    *faults |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    return 0;
}

static size_t parse_address(const char *host, unsigned char *address)
{
    if (inet_pton(AF_INET, host, address) == 1)
        return sizeof(struct in_addr);
    return inet_pton(AF_INET6, host, address) == 1 ? sizeof(struct in6_addr) : 0;
}

static int set_up(struct secure *secure)
{
    mbedtls_ssl_context *ssl = &secure->ssl;
    int code = mbedtls_ssl_setup(ssl, &secure->settings->config);
    if (code != 0)
        return code;
    mbedtls_ssl_set_bio(ssl, secure, send_some, receive_some, NULL);
    secure->address_length = parse_address(secure->host, secure->address);
    if (secure->address_length > 0)
        mbedtls_ssl_set_verify(ssl, verify_address, secure);
    code = mbedtls_ssl_set_hostname(ssl, secure->address_length > 0 ? NULL : secure->host);
    if (code == 0)
        sessions_offer(&secure->settings->sessions, secure->host, secure->port, ssl);
    return code;
}

struct secure *secure_new(struct tls_settings *settings, const char *host, int port, int descriptor)
{
    size_t size = strlen(host) + 1;
    struct secure *secure = mbedtls_calloc(1, sizeof *secure + size);
    if (secure == NULL)
        return NULL;
    mbedtls_ssl_init(&secure->ssl);
    secure->settings = settings;
    secure->descriptor = descriptor;
    secure->port = port;
    memcpy(secure->host, host, size);
    if (set_up(secure) == 0)
        return secure;
    secure_free(secure);
    (void)tls_memory_lacked();
    return NULL;
}

void secure_free(struct secure *secure)
{
    mbedtls_ssl_free(&secure->ssl);
    mbedtls_free(secure);
}

static void remember(struct secure *secure)
{
    sessions_keep(&secure->settings->sessions, secure->host, secure->port, &secure->ssl);
}

static enum io outcome(struct secure *secure, int code, struct failure *failure)
{
    if (code >= 0)
        return IO_DONE;
    if (code == MBEDTLS_ERR_SSL_WANT_READ)
        return IO_READ;
    if (code == MBEDTLS_ERR_SSL_WANT_WRITE)
        return IO_WRITE;
    tls_failure(failure, &secure->ssl, code, secure->error);
    return IO_FAILED;
}

enum io secure_handshake(struct secure *secure, struct failure *failure)
{
    int code = mbedtls_ssl_handshake(&secure->ssl);
    /* A session of TLS 1.3 is of use only with the tickets that follow. */
    if (code == 0 && mbedtls_ssl_get_version_number(&secure->ssl) == MBEDTLS_SSL_VERSION_TLS1_2)
        remember(secure);
    enum io io = outcome(secure, code, failure);
    /* It may be for what was offered. */
    if (io == IO_FAILED)
        sessions_forget(&secure->settings->sessions, secure->host, secure->port);
    return io;
}

enum io secure_read(struct secure *secure, uint8_t *into, size_t room, size_t *length, struct failure *failure)
{
    for (;;) {
        int code = mbedtls_ssl_read(&secure->ssl, into, room);
        if (code > 0) {
            *length = (size_t)code;
            return IO_DONE;
        }
        if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || (code == 0 && secure->peer_ended))
            return IO_END;
        if (code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
            remember(secure);
        /* 0: records without content. Of a message that is set aside for the next call nobody would hear from poll. */
        else if (code != 0 && (code != MBEDTLS_ERR_SSL_WANT_READ || mbedtls_ssl_check_pending(&secure->ssl) == 0))
            return outcome(secure, code, failure);
    }
}

/* A record that finds no room is kept by mbedTLS, encrypted, so that its bytes are done with. */
enum io secure_write(struct secure *secure, const uint8_t *bytes, size_t length, size_t *taken,
                     struct failure *failure)
{
    size_t most = (size_t)mbedtls_ssl_get_max_out_record_payload(&secure->ssl);
    size_t record = length < most ? length : most;
    int code = mbedtls_ssl_write(&secure->ssl, bytes, record);
    *taken = code == MBEDTLS_ERR_SSL_WANT_WRITE || code >= 0 ? record : 0;
    return outcome(secure, code, failure);
}

/* While something is left mbedTLS sends that and nothing else; reading may have done it before. */
enum io secure_flush(struct secure *secure, struct failure *failure)
{
    if (secure->ssl.MBEDTLS_PRIVATE(out_left) == 0)
        return IO_DONE;
    return outcome(secure, mbedtls_ssl_write(&secure->ssl, NULL, 0), failure);
}

enum io secure_end(struct secure *secure, struct failure *failure)
{
    if (secure->ended)
        return IO_DONE;
    secure->ended = true;
    return outcome(secure, mbedtls_ssl_close_notify(&secure->ssl), failure);
}
