#include "tls_random.h"

#include <mbedtls/entropy.h>
#include <psa/crypto.h>

#include "random.h"

int tls_random(void *unused, unsigned char *bytes, size_t length)
{
    (void)unused;
    return random_fill(bytes, length) == 0 ? 0 : MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *unused, uint8_t *output,
                                             size_t output_size, size_t *output_length)
{
    (void)unused;
    if (random_fill(output, output_size) != 0)
        return PSA_ERROR_INSUFFICIENT_ENTROPY;
    *output_length = output_size;
    return PSA_SUCCESS;
}
