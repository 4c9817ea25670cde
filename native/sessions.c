#include "sessions.h"

#include <mbedtls/platform.h>
#include <string.h>

#include "tls_memory.h"

/* The control plane, a data endpoint, one for credentials, and one to spare. */
#define SESSIONS_MAX 4

struct session {
    struct session *next;
    mbedtls_ssl_session session;
    int port;
    char host[];
};

static void free_session(struct session *session)
{
    mbedtls_ssl_session_free(&session->session);
    mbedtls_free(session);
}

/* Where the list leads to it, or to its end where there is none. */
static struct session **find(struct sessions *sessions, const char *host, int port)
{
    struct session **at = &sessions->first;
    while (*at != NULL && ((*at)->port != port || strcmp((*at)->host, host) != 0))
        at = &(*at)->next;
    return at;
}

static void forget(struct session **at)
{
    struct session *session = *at;
    if (session == NULL)
        return;
    *at = session->next;
    free_session(session);
}

static void forget_oldest(struct sessions *sessions)
{
    struct session **at = &sessions->first;
    for (int kept = 0; *at != NULL && kept < SESSIONS_MAX; kept++)
        at = &(*at)->next;
    forget(at);
}

/* A session that finds no memory costs a full handshake and nothing else: the lack is nobody's failure. */
static void forgive(void)
{
    (void)tls_memory_lacked();
}

/* A server may take a ticket more than once and send no other, so it stays. */
void sessions_offer(struct sessions *sessions, const char *host, int port, mbedtls_ssl_context *ssl)
{
    const struct session *session = *find(sessions, host, port);
    if (session != NULL && mbedtls_ssl_set_session(ssl, &session->session) != 0)
        forgive();
}

/* Resuming needs no certificate, which is the largest part of a session. */
static void drop_certificate(mbedtls_ssl_session *session)
{
    mbedtls_x509_crt *certificate = session->MBEDTLS_PRIVATE(peer_cert);
    session->MBEDTLS_PRIVATE(peer_cert) = NULL;
    if (certificate == NULL)
        return;
    mbedtls_x509_crt_free(certificate);
    mbedtls_free(certificate);
}

static struct session *copy(const char *host, int port, const mbedtls_ssl_context *ssl)
{
    size_t size = strlen(host) + 1;
    struct session *session = mbedtls_calloc(1, sizeof *session + size);
    if (session == NULL)
        return NULL;
    mbedtls_ssl_session_init(&session->session);
    session->port = port;
    memcpy(session->host, host, size);
    if (mbedtls_ssl_get_session(ssl, &session->session) != 0) {
        free_session(session);
        return NULL;
    }
    drop_certificate(&session->session);
    return session;
}

void sessions_keep(struct sessions *sessions, const char *host, int port, const mbedtls_ssl_context *ssl)
{
    sessions_forget(sessions, host, port);
    struct session *session = copy(host, port, ssl);
    if (session == NULL) {
        forgive();
        return;
    }
    session->next = sessions->first;
    sessions->first = session;
    forget_oldest(sessions);
}

void sessions_forget(struct sessions *sessions, const char *host, int port)
{
    forget(find(sessions, host, port));
}

void sessions_free(struct sessions *sessions)
{
    while (sessions->first != NULL)
        forget(&sessions->first);
}
