#include "sessions.h"

#include <mbedtls/platform.h>
#include <string.h>

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

/* Takes it out of the list; NULL where there is none. */
static struct session *take(struct sessions *sessions, const char *host, int port)
{
    for (struct session **at = &sessions->first; *at != NULL; at = &(*at)->next) {
        struct session *session = *at;
        if (session->port == port && strcmp(session->host, host) == 0) {
            *at = session->next;
            return session;
        }
    }
    return NULL;
}

static void forget_oldest(struct sessions *sessions)
{
    struct session **at = &sessions->first;
    for (int kept = 0; *at != NULL && kept < SESSIONS_MAX; kept++)
        at = &(*at)->next;
    if (*at != NULL) {
        free_session(*at);
        *at = NULL;
    }
}

void sessions_offer(struct sessions *sessions, const char *host, int port, mbedtls_ssl_context *ssl)
{
    struct session *session = take(sessions, host, port);
    if (session == NULL)
        return;
    /* What cannot be offered costs a full handshake and nothing else. */
    (void)mbedtls_ssl_set_session(ssl, &session->session);
    free_session(session);
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
    if (mbedtls_ssl_get_session(ssl, &session->session) == 0)
        return session;
    free_session(session);
    return NULL;
}

void sessions_keep(struct sessions *sessions, const char *host, int port, const mbedtls_ssl_context *ssl)
{
    struct session *before = take(sessions, host, port);
    if (before != NULL)
        free_session(before);
    struct session *session = copy(host, port, ssl);
    if (session == NULL)
        return;
    session->next = sessions->first;
    sessions->first = session;
    forget_oldest(sessions);
}

void sessions_free(struct sessions *sessions)
{
    while (sessions->first != NULL) {
        struct session *session = sessions->first;
        sessions->first = session->next;
        free_session(session);
    }
}
