/* Certificates: those that are trusted, and the client's own. */
#ifndef KVS_TRUST_H
#define KVS_TRUST_H

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <stdbool.h>
#include <stddef.h>

/* The Amazon roots compiled in; false where memory is missing. */
bool trust_amazon(mbedtls_x509_crt *anchors);
/* Adds the certificates of a PEM text that can be read; false where there is none. */
bool trust_pem(mbedtls_x509_crt *certificates, const unsigned char *pem, size_t length);
/* Adds a chain of certificates, each of which must be readable. */
bool trust_chain_pem(mbedtls_x509_crt *chain, const unsigned char *pem, size_t length);
/* Reads the private key that belongs to a certificate. */
bool trust_key_pem(mbedtls_pk_context *key, const mbedtls_x509_crt *certificate, const unsigned char *pem,
                   size_t length);

#endif
