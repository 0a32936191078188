#ifndef DR_CMICROHTTPD_SHIM_H
#define DR_CMICROHTTPD_SHIM_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

// MHD_start_daemon is variadic, so Swift cannot call it; these types give its callbacks pointers that are never null.

typedef enum MHD_Result (*dr_mhd_access)(
    void *_Nonnull context, struct MHD_Connection *_Nonnull connection, const char *_Nullable url,
    const char *_Nonnull method, const char *_Nullable version, const char *_Nullable upload, size_t *_Nonnull size,
    void *_Nullable *_Nonnull request);
typedef void *_Nullable (*dr_mhd_target)(
    void *_Nonnull context, const char *_Nonnull target, struct MHD_Connection *_Nonnull connection);
typedef void (*dr_mhd_notify)(
    void *_Nonnull context, struct MHD_Connection *_Nonnull connection, void *_Nullable *_Nullable socket,
    enum MHD_ConnectionNotificationCode code);
typedef void (*dr_mhd_completed)(
    void *_Nonnull context, struct MHD_Connection *_Nonnull connection, void *_Nullable *_Nonnull request,
    enum MHD_RequestTerminationCode code);

typedef struct {
    int socket;
    unsigned connections;
    size_t memory;
    // PEM; null for plain HTTP, or without certificates of clients.
    const char *_Nullable key;
    const char *_Nullable certificate;
    const char *_Nullable authority;
    dr_mhd_access _Nonnull access;
    dr_mhd_target _Nonnull target;
    dr_mhd_notify _Nonnull notify;
    dr_mhd_completed _Nonnull completed;
    void *_Nonnull context;
} dr_mhd_settings;

static inline size_t dr_mhd_keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
    (void)context, (void)connection;
    return strlen(text);
}

/// The daemon owns the socket from now on; null if it could not be started.
static inline struct MHD_Daemon *_Nullable dr_mhd_start(const dr_mhd_settings *_Nonnull settings) {
    struct MHD_OptionItem tls[5];
    int count = 0;
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ITC;
    if (settings->key && settings->certificate) {
        flags |= MHD_USE_TLS;
        tls[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)settings->key};
        tls[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)settings->certificate};
        // The library's own default accepts TLS 1.0 and 1.1.
        tls[count++] = (struct MHD_OptionItem){
            MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"};
        if (settings->authority)
            tls[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)settings->authority};
    }
    tls[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return MHD_start_daemon(
        flags, 0, NULL, NULL, (MHD_AccessHandlerCallback)settings->access, settings->context,
        MHD_OPTION_LISTEN_SOCKET, (MHD_socket)settings->socket,
        MHD_OPTION_CONNECTION_LIMIT, settings->connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, settings->memory,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)(512 * 1024),
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, &dr_mhd_keep_escapes, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, settings->target, settings->context,
        MHD_OPTION_NOTIFY_CONNECTION, (MHD_NotifyConnectionCallback)settings->notify, settings->context,
        MHD_OPTION_NOTIFY_COMPLETED, (MHD_RequestCompletedCallback)settings->completed, settings->context,
        MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

static inline int dr_mhd_socket(struct MHD_Connection *_Nonnull connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

/// Writes the network of the client: the 4 bytes of an IPv4 address, or the first 8 of an IPv6 address, because one host has
/// as many of the others as it likes. Returns the number of bytes, 0 if the address is not known.
static inline int dr_mhd_network(struct MHD_Connection *_Nonnull connection, unsigned char bytes[_Nonnull 8]) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || !info->client_addr) return 0;
    if (info->client_addr->sa_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, info->client_addr, sizeof four);
        memcpy(bytes, &four.sin_addr, 4);
        return 4;
    }
    if (info->client_addr->sa_family != AF_INET6) return 0;
    struct sockaddr_in6 six;
    memcpy(&six, info->client_addr, sizeof six);
    if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
        memcpy(bytes, six.sin6_addr.s6_addr + 12, 4);
        return 4;
    }
    memcpy(bytes, six.sin6_addr.s6_addr, 8);
    return 8;
}

/// True if the client showed a certificate for clients that an authority of the daemon signed, and that is valid now. A
/// certificate without purposes fits; one for servers only does not.
static inline int dr_mhd_has_client_certificate(struct MHD_Connection *_Nonnull connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (!info || !info->tls_session) return 0;
    gnutls_session_t session = (gnutls_session_t)info->tls_session;
    unsigned count = 0, status = 0;
    if (!gnutls_certificate_get_peers(session, &count) || count == 0) return 0;
    gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0};
    return gnutls_certificate_verify_peers(session, &purpose, 1, &status) == GNUTLS_E_SUCCESS && status == 0;
}

/// The number of certificates in a PEM text; below 0 if there is none, or one that is not valid. The library accepts such a
/// text of authorities and then refuses every client.
static inline int dr_mhd_certificates(const char *_Nonnull text) {
    gnutls_datum_t data = {(unsigned char *)text, (unsigned)strlen(text)};
    gnutls_x509_crt_t *all = NULL;
    unsigned count = 0;
    int result = gnutls_x509_crt_list_import2(&all, &count, &data, GNUTLS_X509_FMT_PEM, 0);
    if (result < 0) return result;
    for (unsigned index = 0; index < count; index++) gnutls_x509_crt_deinit(all[index]);
    gnutls_free(all);
    return (int)count;
}

typedef ssize_t (*dr_mhd_reader)(void *_Nonnull context, uint64_t position, char *_Nonnull bytes, size_t room);

static inline struct MHD_Response *_Nullable dr_mhd_stream(
    uint64_t size, dr_mhd_reader _Nonnull reader, void *_Nonnull context, void (*_Nonnull release)(void *_Nonnull)
) {
    return MHD_create_response_from_callback(
        size, 64 * 1024, (MHD_ContentReaderCallback)reader, context, (MHD_ContentReaderFreeCallback)release);
}

static const uint64_t dr_mhd_unknown_size = UINT64_MAX;

#endif
