#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// What Swift cannot import: function-like macros, typed stacks and variadic calls.

static inline void dr_openssl_free(void *_Nullable memory) { OPENSSL_free(memory); }

/// The bytes in a memory BIO, still owned by it.
static inline const unsigned char *_Nullable dr_bio_bytes(BIO *_Nonnull bio, size_t *_Nonnull count) {
    char *bytes = NULL;
    long length = BIO_get_mem_data(bio, &bytes);
    *count = length > 0 ? (size_t)length : 0;
    return (const unsigned char *)bytes;
}

/// The cipher state inside a cipher BIO, still owned by it.
static inline EVP_CIPHER_CTX *_Nullable dr_bio_cipher(BIO *_Nonnull bio) {
    EVP_CIPHER_CTX *cipher = NULL;
    return BIO_get_cipher_ctx(bio, &cipher) == 1 ? cipher : NULL;
}

static inline int dr_recipient_count(CMS_ContentInfo *_Nonnull cms) {
    return sk_CMS_RecipientInfo_num(CMS_get0_RecipientInfos(cms));
}

static inline CMS_RecipientInfo *_Nullable dr_recipient(CMS_ContentInfo *_Nonnull cms, int index) {
    return sk_CMS_RecipientInfo_value(CMS_get0_RecipientInfos(cms), index);
}

static inline int dr_encrypted_key_count(CMS_RecipientInfo *_Nonnull agreement) {
    return sk_CMS_RecipientEncryptedKey_num(CMS_RecipientInfo_kari_get0_reks(agreement));
}

static inline CMS_RecipientEncryptedKey *_Nullable dr_encrypted_key(CMS_RecipientInfo *_Nonnull agreement, int index) {
    return sk_CMS_RecipientEncryptedKey_value(CMS_RecipientInfo_kari_get0_reks(agreement), index);
}

/// Adds a symmetric key-encryption key as a recipient. The envelope owns copies of key and identifier.
static inline int dr_add_symmetric_recipient(
    CMS_ContentInfo *_Nonnull cms, const unsigned char *_Nonnull key, size_t key_size,
    const unsigned char *_Nonnull id, size_t id_size
) {
    unsigned char *own_key = OPENSSL_memdup(key, key_size), *own_id = OPENSSL_memdup(id, id_size);
    if (own_key != NULL && own_id != NULL
        && CMS_add0_recipient_key(cms, NID_undef, own_key, key_size, own_id, id_size, NULL, NULL, NULL) != NULL)
        return 1;
    OPENSSL_clear_free(own_key, key_size);
    OPENSSL_free(own_id);
    return 0;
}

static inline int dr_signer_count(CMS_ContentInfo *_Nonnull cms) {
    return sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms));
}

/// The certificate of a signer, once it is found, still owned by the message.
static inline X509 *_Nullable dr_signer_certificate(CMS_ContentInfo *_Nonnull cms, int index) {
    X509 *signer = NULL;
    CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), index), NULL, &signer, NULL, NULL);
    return signer;
}

static inline int dr_algorithm_nid(const X509_ALGOR *_Nonnull algorithm) { return OBJ_obj2nid(algorithm->algorithm); }

/// RFC 2253, with letters outside ASCII as they are.
static inline int dr_x509_name_print(BIO *_Nonnull out, const X509_NAME *_Nonnull name) {
    return X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
}

static inline int dr_x509_name_add(X509_NAME *_Nonnull name, const char *_Nonnull field, const char *_Nonnull utf8) {
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)utf8, -1, -1, 0);
}

/// Adds an extension written as in an openssl configuration file to a self-signed certificate.
static inline int dr_x509_add_extension(X509 *_Nonnull certificate, int nid, const char *_Nonnull value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
    if (extension == NULL) return 0;
    int added = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

static inline EVP_PKEY *_Nullable dr_rsa_generate(size_t bits) { return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits); }
static inline EVP_PKEY *_Nullable dr_ec_generate(const char *_Nonnull curve) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve);
}

/// A request for a time stamp (RFC 3161) of a SHA-256 digest, with the authority's certificates in the reply.
/// - nonce_size: 0 for a request without a nonce.
static inline TS_REQ *_Nullable dr_ts_request(
    const unsigned char *_Nonnull digest, int digest_size, const unsigned char *_Nonnull nonce, int nonce_size
) {
    TS_REQ *request = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    BIGNUM *number = NULL;
    ASN1_INTEGER *encoded = NULL;
    int made = request != NULL && imprint != NULL && algorithm != NULL
        && X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1
        && TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1
        && TS_MSG_IMPRINT_set_msg(imprint, (unsigned char *)digest, digest_size) == 1
        && TS_REQ_set_version(request, 1) == 1 && TS_REQ_set_msg_imprint(request, imprint) == 1
        && TS_REQ_set_cert_req(request, 1) == 1;
    if (made && nonce_size > 0) {
        number = BN_bin2bn(nonce, nonce_size, NULL);
        encoded = number == NULL ? NULL : BN_to_ASN1_INTEGER(number, NULL);
        made = encoded != NULL && TS_REQ_set_nonce(request, encoded) == 1;
    }
    ASN1_INTEGER_free(encoded);
    BN_free(number);
    X509_ALGOR_free(algorithm);
    TS_MSG_IMPRINT_free(imprint);
    if (made) return request;
    TS_REQ_free(request);
    return NULL;
}

/// Compares a reply with its request, and verifies the signature with the certificates of the store. 1 if all is valid.
static inline int dr_ts_verify(TS_RESP *_Nonnull reply, TS_REQ *_Nonnull request, X509_STORE *_Nonnull store) {
    TS_VERIFY_CTX *context = TS_REQ_to_TS_VERIFY_CTX(request, NULL);
    if (context == NULL) return 0;
    // The context frees its store.
    int valid = X509_STORE_up_ref(store);
    if (valid) {
        TS_VERIFY_CTX_set_store(context, store);
        TS_VERIFY_CTX_add_flags(context, TS_VFY_SIGNATURE);
        valid = TS_RESP_verify_response(context, reply) == 1;
    }
    TS_VERIFY_CTX_free(context);
    return valid;
}

/// The number of certificates inside the reply's token.
static inline int dr_ts_certificate_count(TS_RESP *_Nonnull reply) {
    PKCS7 *token = TS_RESP_get_token(reply);
    if (token == NULL || !PKCS7_type_is_signed(token) || token->d.sign == NULL || token->d.sign->cert == NULL) return 0;
    return sk_X509_num(token->d.sign->cert);
}

/// One of them, still owned by the reply.
static inline X509 *_Nullable dr_ts_certificate(TS_RESP *_Nonnull reply, int index) {
    return sk_X509_value(TS_RESP_get_token(reply)->d.sign->cert, index);
}

/// The certificate of the token's only signer, still owned by the reply; NULL if it is not in the token.
static inline X509 *_Nullable dr_ts_signer(TS_RESP *_Nonnull reply) {
    PKCS7 *token = TS_RESP_get_token(reply);
    if (token == NULL) return NULL;
    STACK_OF(X509) *signers = PKCS7_get0_signers(token, NULL, 0);
    X509 *signer = signers != NULL && sk_X509_num(signers) == 1 ? sk_X509_value(signers, 0) : NULL;
    sk_X509_free(signers);
    return signer;
}
