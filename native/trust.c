#include "trust.h"

#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>
#include <string.h>

#include "roots.h"
#include "tls_random.h"

bool trust_amazon(mbedtls_x509_crt *anchors)
{
    for (unsigned int i = 0; i < amazon_roots_count; i++) {
        if (mbedtls_x509_crt_parse_der_nocopy(anchors, amazon_roots[i].der, amazon_roots[i].size) != 0)
            return false;
    }
    return true;
}

/* mbedTLS wants the 0 at the end of a text; NULL where memory is missing. */
static unsigned char *as_text(const unsigned char *pem, size_t length)
{
    unsigned char *text = mbedtls_calloc(1, length + 1);
    if (text != NULL)
        memcpy(text, pem, length);
    return text;
}

/* The number of certificates that could not be read, negative where there is not one that could. */
static int add_pem(mbedtls_x509_crt *certificates, const unsigned char *pem, size_t length)
{
    unsigned char *text = as_text(pem, length);
    if (text == NULL)
        return -1;
    int unread = mbedtls_x509_crt_parse(certificates, text, length + 1);
    mbedtls_free(text);
    return unread;
}

bool trust_pem(mbedtls_x509_crt *certificates, const unsigned char *pem, size_t length)
{
    return add_pem(certificates, pem, length) >= 0;
}

bool trust_chain_pem(mbedtls_x509_crt *chain, const unsigned char *pem, size_t length)
{
    return add_pem(chain, pem, length) == 0;
}

bool trust_key_pem(mbedtls_pk_context *key, const mbedtls_x509_crt *certificate, const unsigned char *pem,
                   size_t length)
{
    unsigned char *text = as_text(pem, length);
    if (text == NULL)
        return false;
    int read = mbedtls_pk_parse_key(key, text, length + 1, NULL, 0, tls_random, NULL);
    mbedtls_platform_zeroize(text, length);
    mbedtls_free(text);
    return read == 0 && mbedtls_pk_check_pair(&certificate->pk, key, tls_random, NULL) == 0;
}
