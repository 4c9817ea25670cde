#include "ciphers.h"

#include <mbedtls/ssl_ciphersuites.h>

#define CHACHA20                                                                                                       \
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,                    \
        MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
#define AES_GCM                                                                                                        \
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS1_3_AES_256_GCM_SHA384,                                              \
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,                \
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384

static const int aes_first[] = {AES_GCM, CHACHA20, 0};
static const int chacha20_first[] = {CHACHA20, AES_GCM, 0};

/* Whether the processor has what mbedTLS was built to use. */
#if defined(MBEDTLS_AESNI_C)
#include <cpuid.h>

static bool detect_aes(void)
{
    unsigned int a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_AES) != 0 && (c & bit_PCLMUL) != 0;
}
#elif defined(MBEDTLS_AESCE_C)
#include <asm/hwcap.h>
#include <sys/auxv.h>

static bool detect_aes(void)
{
    unsigned long features = getauxval(AT_HWCAP);
    return (features & HWCAP_AES) != 0 && (features & HWCAP_PMULL) != 0;
}
#else
static bool detect_aes(void)
{
    return false;
}
#endif

bool ciphers_have_aes(void)
{
    static enum { UNKNOWN, ABSENT, PRESENT } aes;
    if (aes == UNKNOWN)
        aes = detect_aes() ? PRESENT : ABSENT;
    return aes == PRESENT;
}

/* Without instructions for it AES-GCM costs three times what ChaCha20-Poly1305 does. */
const int *ciphers_in_order(void)
{
    return ciphers_have_aes() ? aes_first : chacha20_first;
}
