/* Hashes, for signatures. */
#include <mbedtls/md.h>
#include <mbedtls/sha256.h>

#include "bytes.h"
#include "engine.h"

#define SHA256_BYTES 32

static JSValue sha256(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    size_t length;
    const uint8_t *bytes = engine_bytes(argv[0], &length);
    if (bytes == NULL)
        return JS_EXCEPTION;
    uint8_t hash[SHA256_BYTES];
    if (mbedtls_sha256(bytes, length, hash, 0) != 0)
        return JS_ThrowInternalError(context, "SHA-256 has failed");
    return engine_copy_bytes(hash, sizeof hash);
}

/* It fails only where memory is missing. */
static JSValue hmac_sha256(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    size_t key_length, length;
    const uint8_t *key = engine_bytes(argv[0], &key_length);
    const uint8_t *bytes = key == NULL ? NULL : engine_bytes(argv[1], &length);
    if (bytes == NULL)
        return JS_EXCEPTION;
    uint8_t code[SHA256_BYTES];
    const mbedtls_md_info_t *type = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    if (mbedtls_md_hmac(type, key, key_length, bytes, length, code) != 0)
        return JS_ThrowOutOfMemory(context);
    return engine_copy_bytes(code, sizeof code);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("sha256", 1, sha256),
    JS_CFUNC_DEF("hmacSha256", 2, hmac_sha256),
};

int crypto_register(JSContext *context, JSValueConst native)
{
    JS_SetPropertyFunctionList(context, native, functions, sizeof functions / sizeof functions[0]);
    return 0;
}
