/*
 * AES-GCM of what is sent, four blocks at a time where an x86-64 processor has instructions for it. mbedTLS goes block
 * by block through several calls, which is six times the work and a third of all that a stream costs. mbedTLS's own
 * function has another name (mbedtls_config.h), and this one stands in its place.
 *
 * The mathematics: Gueron and Kounavis, "Intel Carry-Less Multiplication Instruction and its Usage for Computing the GCM
 * Mode" (2014), algorithms 1 and 5, and the aggregated reduction of four blocks.
 */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include <mbedtls/gcm.h>

#if defined(MBEDTLS_AESNI_C)
#include <immintrin.h>
#include <stdbool.h>

#include "ciphers.h"

#define BLOCK_BYTES 16
#define BLOCKS 4
#define WITH_INSTRUCTIONS __attribute__((target("aes,pclmul,ssse3")))
#define INLINE WITH_INSTRUCTIONS static inline __attribute__((always_inline))

/* Of two polynomials, before it is reduced to 128 bits. */
struct product {
    __m128i low, middle, high;
};

/* The first byte of a block is the last one of a number. */
INLINE __m128i reversed(__m128i block)
{
    return _mm_shuffle_epi8(block, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

INLINE __m128i load(const unsigned char *bytes)
{
    return _mm_loadu_si128((const __m128i *)bytes);
}

INLINE void store(unsigned char *bytes, __m128i block)
{
    _mm_storeu_si128((__m128i *)bytes, block);
}

INLINE void add_product(struct product *sum, __m128i a, __m128i b)
{
    __m128i cross = _mm_xor_si128(_mm_clmulepi64_si128(a, b, 0x10), _mm_clmulepi64_si128(a, b, 0x01));
    sum->low = _mm_xor_si128(sum->low, _mm_clmulepi64_si128(a, b, 0x00));
    sum->middle = _mm_xor_si128(sum->middle, cross);
    sum->high = _mm_xor_si128(sum->high, _mm_clmulepi64_si128(a, b, 0x11));
}

/* The bits of both numbers stand the other way round, so their product is one bit short. */
INLINE void shift_left_by_one(__m128i *low, __m128i *high)
{
    __m128i low_carry = _mm_srli_epi64(*low, 63);
    __m128i high_carry = _mm_srli_epi64(*high, 63);
    __m128i across = _mm_srli_si128(low_carry, 8);
    *low = _mm_or_si128(_mm_slli_epi64(*low, 1), _mm_slli_si128(low_carry, 8));
    *high = _mm_or_si128(_mm_or_si128(_mm_slli_epi64(*high, 1), _mm_slli_si128(high_carry, 8)), across);
}

/* What shifting to the right by 1, 2 and 7 moves out of each half. */
INLINE __m128i moved_out(__m128i number)
{
    __m128i bits = _mm_xor_si128(_mm_slli_epi64(number, 63), _mm_slli_epi64(number, 62));
    return _mm_xor_si128(bits, _mm_slli_epi64(number, 57));
}

/* Modulo x^128 + x^7 + x^2 + x + 1. */
INLINE __m128i reduced(const struct product *product)
{
    __m128i low = _mm_xor_si128(product->low, _mm_slli_si128(product->middle, 8));
    __m128i high = _mm_xor_si128(product->high, _mm_srli_si128(product->middle, 8));
    shift_left_by_one(&low, &high);

    low = _mm_xor_si128(low, _mm_slli_si128(moved_out(low), 8));
    __m128i shifted = _mm_xor_si128(_mm_srli_epi64(low, 1), _mm_srli_epi64(low, 2));
    shifted = _mm_xor_si128(shifted, _mm_srli_epi64(low, 7));
    shifted = _mm_xor_si128(shifted, _mm_srli_si128(moved_out(low), 8));
    return _mm_xor_si128(_mm_xor_si128(high, low), shifted);
}

INLINE __m128i multiplied(__m128i a, __m128i b)
{
    struct product product = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    add_product(&product, a, b);
    return reduced(&product);
}

/* The blocks, which the counter makes, are numbered in their last 32 bits. */
INLINE void make_key_stream(const mbedtls_aes_context *aes, __m128i *counter, __m128i stream[BLOCKS])
{
    const unsigned char *key = (const unsigned char *)(aes->buf + aes->rk_offset);
    for (int i = 0; i < BLOCKS; i++) {
        *counter = _mm_add_epi32(*counter, _mm_set_epi32(0, 0, 0, 1));
        stream[i] = _mm_xor_si128(reversed(*counter), load(key));
    }
    for (int round = 1; round < aes->nr; round++) {
        __m128i round_key = load(key + round * BLOCK_BYTES);
        for (int i = 0; i < BLOCKS; i++)
            stream[i] = _mm_aesenc_si128(stream[i], round_key);
    }
    for (int i = 0; i < BLOCKS; i++)
        stream[i] = _mm_aesenclast_si128(stream[i], load(key + aes->nr * BLOCK_BYTES));
}

/* The first of the powers is the highest, for the oldest block. */
INLINE void make_powers(__m128i hash_key, __m128i powers[BLOCKS])
{
    powers[BLOCKS - 1] = hash_key;
    for (int i = BLOCKS - 2; i >= 0; i--)
        powers[i] = multiplied(powers[i + 1], hash_key);
}

INLINE __m128i hashed(__m128i hash, const __m128i blocks[BLOCKS], const __m128i powers[BLOCKS])
{
    struct product sum = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    add_product(&sum, _mm_xor_si128(hash, reversed(blocks[0])), powers[0]);
    for (int i = 1; i < BLOCKS; i++)
        add_product(&sum, reversed(blocks[i]), powers[i]);
    return reduced(&sum);
}

/* Returns how many bytes it encrypted: all but a rest of less than four blocks, which mbedTLS goes on with. */
WITH_INSTRUCTIONS static size_t encrypt_blocks(mbedtls_gcm_context *gcm, const unsigned char *input, size_t length,
                                        unsigned char *output)
{
    __m128i powers[BLOCKS];
    make_powers(reversed(load((const unsigned char *)gcm->H[MBEDTLS_GCM_HTABLE_SIZE / 2])), powers);
    __m128i counter = reversed(load(gcm->y));
    __m128i hash = reversed(load(gcm->buf));
    /* As mbedTLS does with the first data: what is authenticated only is filled up to a whole block. */
    if (gcm->add_len % BLOCK_BYTES != 0)
        hash = multiplied(hash, powers[BLOCKS - 1]);

    size_t done = 0;
    for (; length - done >= BLOCKS * BLOCK_BYTES; done += BLOCKS * BLOCK_BYTES) {
        __m128i blocks[BLOCKS];
        make_key_stream(&gcm->block_cipher_ctx.ctx.aes, &counter, blocks);
        for (int i = 0; i < BLOCKS; i++)
            blocks[i] = _mm_xor_si128(blocks[i], load(input + done + i * BLOCK_BYTES));
        for (int i = 0; i < BLOCKS; i++)
            store(output + done + i * BLOCK_BYTES, blocks[i]);
        hash = hashed(hash, blocks, powers);
    }
    store(gcm->y, reversed(counter));
    store(gcm->buf, reversed(hash));
    gcm->len += done;
    return done;
}

/* mbedTLS's own. */
int mbedtls_gcm_crypt_and_tag_by_block(mbedtls_gcm_context *gcm, int mode, size_t length, const unsigned char *iv,
                                       size_t iv_length, const unsigned char *added, size_t added_length,
                                       const unsigned char *input, unsigned char *output, size_t tag_length,
                                       unsigned char *tag);

static bool is_fast(const mbedtls_gcm_context *gcm, int mode, size_t length)
{
    return mode == MBEDTLS_GCM_ENCRYPT && length >= BLOCKS * BLOCK_BYTES &&
           gcm->block_cipher_ctx.id == MBEDTLS_BLOCK_CIPHER_ID_AES && ciphers_have_aes();
}
int mbedtls_gcm_crypt_and_tag(mbedtls_gcm_context *gcm, int mode, size_t length, const unsigned char *iv,
                              size_t iv_length, const unsigned char *added, size_t added_length,
                              const unsigned char *input, unsigned char *output, size_t tag_length, unsigned char *tag)
{
    if (!is_fast(gcm, mode, length))
        return mbedtls_gcm_crypt_and_tag_by_block(gcm, mode, length, iv, iv_length, added, added_length, input, output,
                                                  tag_length, tag);

    int error = mbedtls_gcm_starts(gcm, mode, iv, iv_length);
    if (error == 0)
        error = mbedtls_gcm_update_ad(gcm, added, added_length);
    if (error != 0)
        return error;
    size_t done = encrypt_blocks(gcm, input, length, output);
    size_t ignored;
    error = mbedtls_gcm_update(gcm, input + done, length - done, output + done, length - done, &ignored);
    return error != 0 ? error : mbedtls_gcm_finish(gcm, NULL, 0, &ignored, tag, tag_length);
}
#endif
