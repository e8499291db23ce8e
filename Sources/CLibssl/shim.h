#include <openssl/ssl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

// A macro with arguments, which Swift does not see.
static const uint64_t OPENSSL_SSL_OP_CLEANSE_PLAINTEXT = SSL_OP_CLEANSE_PLAINTEXT;
