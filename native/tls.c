/* Trust anchors, client certificate and remembered sessions as one object of the program's. */
#include "tls.h"

#include <mbedtls/platform.h>
#include <psa/crypto.h>

#include "bytes.h"
#include "ciphers.h"
#include "engine.h"
#include "tls_memory.h"
#include "tls_random.h"
#include "trust.h"

static JSClassID class_id;

static void free_settings(struct tls_settings *settings)
{
    sessions_free(&settings->sessions);
    mbedtls_ssl_config_free(&settings->config);
    mbedtls_x509_crt_free(&settings->anchors);
    mbedtls_x509_crt_free(&settings->certificate);
    mbedtls_pk_free(&settings->key);
    mbedtls_free(settings);
}

static struct tls_settings *new_settings(void)
{
    struct tls_settings *settings = mbedtls_calloc(1, sizeof *settings);
    if (settings == NULL)
        return NULL;
    mbedtls_ssl_config_init(&settings->config);
    mbedtls_x509_crt_init(&settings->anchors);
    mbedtls_x509_crt_init(&settings->certificate);
    mbedtls_pk_init(&settings->key);
    return settings;
}

/* NULL, or the name of an error. */
static const char *configure(struct tls_settings *settings)
{
    static const char *protocols[] = {"http/1.1", NULL};
    /* A share of the first is offered: mbedTLS agrees on a key over P-256 in two thirds of what X25519 takes it. */
    static const uint16_t groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
                                      MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
    mbedtls_ssl_config *config = &settings->config;
    if (psa_crypto_init() != PSA_SUCCESS ||
        mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0 ||
        mbedtls_ssl_conf_alpn_protocols(config, protocols) != 0)
        return "ENOMEM";
    mbedtls_ssl_conf_rng(config, tls_random, NULL);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_ciphersuites(config, ciphers_in_order());
    mbedtls_ssl_conf_groups(config, groups);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(config,
                                                             MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
    mbedtls_ssl_conf_ca_chain(config, &settings->anchors, NULL);
    return NULL;
}

/* NULL, the name of an error, or "" for a pending exception. */
static const char *add_anchors(JSContext *context, struct tls_settings *settings, JSValueConst texts)
{
    if (JS_IsNull(texts))
        return trust_amazon(&settings->anchors) ? NULL : "ENOMEM";
    bool found = false;
    for (uint32_t i = 0;; i++) {
        JSValue text = JS_GetPropertyUint32(context, texts, i);
        if (JS_IsUndefined(text))
            return found ? NULL : "NO_CERTIFICATE";
        size_t length;
        const uint8_t *pem = engine_bytes(text, &length);
        JS_FreeValue(context, text);
        if (pem == NULL)
            return "";
        found = trust_pem(&settings->anchors, pem, length) || found;
    }
}

/* The same for the client's certificate and key. */
static const char *add_client(struct tls_settings *settings, JSValueConst certificate, JSValueConst key)
{
    if (JS_IsNull(certificate) || JS_IsNull(key))
        return NULL;
    size_t length;
    const uint8_t *pem = engine_bytes(certificate, &length);
    if (pem == NULL)
        return "";
    if (!trust_chain_pem(&settings->certificate, pem, length))
        return "BAD_CERTIFICATE";
    pem = engine_bytes(key, &length);
    if (pem == NULL)
        return "";
    if (!trust_key_pem(&settings->key, &settings->certificate, pem, length))
        return "BAD_KEY";
    return mbedtls_ssl_conf_own_cert(&settings->config, &settings->certificate, &settings->key) == 0 ? NULL : "ENOMEM";
}

static JSValue make_tls(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    JSValue object = JS_NewObjectClass(context, (int)class_id);
    if (JS_IsException(object))
        return JS_EXCEPTION;
    (void)tls_memory_lacked();
    struct tls_settings *settings = new_settings();
    JS_SetOpaque(object, settings);
    const char *error = settings == NULL ? "ENOMEM" : configure(settings);
    if (error == NULL)
        error = add_anchors(context, settings, argv[0]);
    if (error == NULL)
        error = add_client(settings, argv[1], argv[2]);
    if (error == NULL)
        return object;
    JS_FreeValue(context, object);
    if (error[0] == '\0')
        return JS_EXCEPTION;
    return JS_NewString(context, tls_memory_lacked() ? "ENOMEM" : error);
}

struct tls_settings *tls_settings_of(JSValueConst value)
{
    return JS_GetOpaque2(engine_context, value, class_id);
}

static void finalize(JSRuntime *runtime, JSValue object)
{
    (void)runtime;
    struct tls_settings *settings = JS_GetOpaque(object, class_id);
    if (settings != NULL)
        free_settings(settings);
}

static const JSClassDef class = {.class_name = "TlsSettings", .finalizer = finalize};

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("makeTls", 3, make_tls),
};

int tls_register(JSContext *context, JSValueConst native)
{
    tls_memory_start();
    JS_NewClassID(&class_id);
    if (JS_NewClass(JS_GetRuntime(context), class_id, &class) != 0)
        return -1;
    JS_SetPropertyFunctionList(context, native, functions, sizeof functions / sizeof functions[0]);
    return 0;
}
