#include "transport.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

bool transport_secure(struct transport *transport, struct tls_settings *settings, const char *host, int port)
{
    transport->secure = secure_new(settings, host, port, transport->descriptor);
    if (transport->secure == NULL)
        failure_errno(&transport->failure, ENOMEM);
    return transport->secure != NULL;
}

enum io transport_handshake(struct transport *transport)
{
    return transport->secure == NULL ? IO_DONE : secure_handshake(transport->secure, &transport->failure);
}

static enum io failed(struct transport *transport, enum io again)
{
    if (errno == EAGAIN || errno == EINTR)
        return again;
    failure_errno(&transport->failure, errno);
    return IO_FAILED;
}

enum io transport_read(struct transport *transport, uint8_t *into, size_t room, size_t *length)
{
    if (transport->secure != NULL)
        return secure_read(transport->secure, into, room, length, &transport->failure);
    ssize_t received = recv(transport->descriptor, into, room, 0);
    if (received < 0)
        return failed(transport, IO_READ);
    *length = (size_t)received;
    return received == 0 ? IO_END : IO_DONE;
}

enum io transport_write(struct transport *transport, const uint8_t *bytes, size_t length, size_t *taken)
{
    if (transport->secure != NULL)
        return secure_write(transport->secure, bytes, length, taken, &transport->failure);
    ssize_t sent = send(transport->descriptor, bytes, length, MSG_NOSIGNAL);
    *taken = sent < 0 ? 0 : (size_t)sent;
    return sent < 0 ? failed(transport, IO_WRITE) : IO_DONE;
}

enum io transport_flush(struct transport *transport)
{
    return transport->secure == NULL ? IO_DONE : secure_flush(transport->secure, &transport->failure);
}

enum io transport_end(struct transport *transport)
{
    enum io told = transport->secure == NULL ? IO_DONE : secure_end(transport->secure, &transport->failure);
    if (told != IO_DONE)
        return told;
    return shutdown(transport->descriptor, SHUT_WR) == 0 ? IO_DONE : failed(transport, IO_WRITE);
}

void transport_close(struct transport *transport)
{
    if (transport->secure != NULL)
        secure_free(transport->secure);
    transport->secure = NULL;
    if (transport->descriptor >= 0)
        (void)close(transport->descriptor);
    transport->descriptor = -1;
}
