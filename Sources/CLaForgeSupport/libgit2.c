#define _GNU_SOURCE
#include "CLaForgeSupport.h"

#ifdef LAFORGE_LINKS_LIBGIT2_ARCHIVE

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// libgit2 is linked from its archive, without the libraries of its network transports: mbed TLS,
// libssh2, GSSAPI and the HTTP parser. LaForge uses no network, and as shared libraries they, with
// OpenSSL and Kerberos behind them, cost more than all else that a short command does: twenty
// libraries to load, and a bundle of certificate authorities that git_libgit2_init would parse.
// These functions take their places.

// What git_libgit2_init calls: there is nothing to set up.
#define NOTHING_TO_SET_UP(name) \
  long name(void);              \
  long name(void) { return 0; }

// What only a transport would call.
#define UNREACHABLE(name)                                                        \
  long name(void);                                                               \
  long name(void) {                                                              \
    fputs("laforge: " #name " was called, but LaForge uses no network\n", stderr); \
    abort();                                                                     \
  }

NOTHING_TO_SET_UP(libssh2_init)
NOTHING_TO_SET_UP(mbedtls_ctr_drbg_init)
NOTHING_TO_SET_UP(mbedtls_ctr_drbg_seed)
NOTHING_TO_SET_UP(mbedtls_entropy_init)
NOTHING_TO_SET_UP(mbedtls_ssl_conf_authmode)
NOTHING_TO_SET_UP(mbedtls_ssl_conf_ca_chain)
NOTHING_TO_SET_UP(mbedtls_ssl_conf_ciphersuites)
NOTHING_TO_SET_UP(mbedtls_ssl_conf_min_version)
NOTHING_TO_SET_UP(mbedtls_ssl_conf_rng)
NOTHING_TO_SET_UP(mbedtls_ssl_config_defaults)
NOTHING_TO_SET_UP(mbedtls_x509_crt_free)
NOTHING_TO_SET_UP(mbedtls_x509_crt_init)
NOTHING_TO_SET_UP(mbedtls_x509_crt_parse_file)
NOTHING_TO_SET_UP(mbedtls_x509_crt_parse_path)

// libgit2 has allocated the configuration and frees what it finds in it, so it must be empty.
void mbedtls_ssl_config_init(void *configuration);
void mbedtls_ssl_config_init(void *configuration) {
  memset(configuration, 0, malloc_usable_size(configuration));
}

// One cipher must be known, or git_libgit2_init fails.
long mbedtls_ssl_get_ciphersuite_id(void);
long mbedtls_ssl_get_ciphersuite_id(void) { return 1; }

UNREACHABLE(gss_delete_sec_context)
UNREACHABLE(gss_display_status)
UNREACHABLE(gss_import_name)
UNREACHABLE(gss_indicate_mechs)
UNREACHABLE(gss_init_sec_context)
UNREACHABLE(gss_release_buffer)
UNREACHABLE(gss_release_name)
UNREACHABLE(gss_release_oid_set)
UNREACHABLE(http_errno_description)
UNREACHABLE(http_parser_execute)
UNREACHABLE(http_parser_init)
UNREACHABLE(http_parser_parse_url)
UNREACHABLE(http_parser_pause)
UNREACHABLE(http_should_keep_alive)
UNREACHABLE(libssh2_agent_connect)
UNREACHABLE(libssh2_agent_disconnect)
UNREACHABLE(libssh2_agent_free)
UNREACHABLE(libssh2_agent_get_identity)
UNREACHABLE(libssh2_agent_init)
UNREACHABLE(libssh2_agent_list_identities)
UNREACHABLE(libssh2_agent_userauth)
UNREACHABLE(libssh2_channel_close)
UNREACHABLE(libssh2_channel_free)
UNREACHABLE(libssh2_channel_open_ex)
UNREACHABLE(libssh2_channel_process_startup)
UNREACHABLE(libssh2_channel_read_ex)
UNREACHABLE(libssh2_channel_set_blocking)
UNREACHABLE(libssh2_channel_write_ex)
UNREACHABLE(libssh2_exit)
UNREACHABLE(libssh2_hostkey_hash)
UNREACHABLE(libssh2_knownhost_checkp)
UNREACHABLE(libssh2_knownhost_free)
UNREACHABLE(libssh2_knownhost_init)
UNREACHABLE(libssh2_knownhost_readfile)
UNREACHABLE(libssh2_session_abstract)
UNREACHABLE(libssh2_session_disconnect_ex)
UNREACHABLE(libssh2_session_free)
UNREACHABLE(libssh2_session_handshake)
UNREACHABLE(libssh2_session_hostkey)
UNREACHABLE(libssh2_session_init_ex)
UNREACHABLE(libssh2_session_last_error)
UNREACHABLE(libssh2_session_method_pref)
UNREACHABLE(libssh2_session_set_blocking)
UNREACHABLE(libssh2_userauth_authenticated)
UNREACHABLE(libssh2_userauth_keyboard_interactive_ex)
UNREACHABLE(libssh2_userauth_list)
UNREACHABLE(libssh2_userauth_password_ex)
UNREACHABLE(libssh2_userauth_publickey)
UNREACHABLE(libssh2_userauth_publickey_fromfile_ex)
UNREACHABLE(libssh2_userauth_publickey_frommemory)
UNREACHABLE(mbedtls_ctr_drbg_free)
UNREACHABLE(mbedtls_ctr_drbg_random)
UNREACHABLE(mbedtls_entropy_free)
UNREACHABLE(mbedtls_entropy_func)
UNREACHABLE(mbedtls_sha256_finish)
UNREACHABLE(mbedtls_sha256_free)
UNREACHABLE(mbedtls_sha256_init)
UNREACHABLE(mbedtls_sha256_starts)
UNREACHABLE(mbedtls_sha256_update)
UNREACHABLE(mbedtls_ssl_close_notify)
UNREACHABLE(mbedtls_ssl_config_free)
UNREACHABLE(mbedtls_ssl_free)
UNREACHABLE(mbedtls_ssl_get_peer_cert)
UNREACHABLE(mbedtls_ssl_get_verify_result)
UNREACHABLE(mbedtls_ssl_handshake)
UNREACHABLE(mbedtls_ssl_init)
UNREACHABLE(mbedtls_ssl_read)
UNREACHABLE(mbedtls_ssl_set_bio)
UNREACHABLE(mbedtls_ssl_set_hostname)
UNREACHABLE(mbedtls_ssl_setup)
UNREACHABLE(mbedtls_ssl_write)
UNREACHABLE(mbedtls_strerror)
UNREACHABLE(mbedtls_x509_crt_verify_info)

// The one datum among them: the kind of a name that a transport would import.
extern void *GSS_C_NT_HOSTBASED_SERVICE;
void *GSS_C_NT_HOSTBASED_SERVICE = NULL;

#else

// A shared libgit2 of another version. Where it is built with mbed TLS, git_libgit2_init parses the
// whole bundle of certificate authorities. LaForge uses no network, so these two take the place of
// mbed TLS's functions of the same names: the executable's symbols come before those of the
// libraries.

long mbedtls_x509_crt_parse_file(void *chain, const char *path);
long mbedtls_x509_crt_parse_file(void *chain, const char *path) { return chain == 0 && path == 0; }

long mbedtls_x509_crt_parse_path(void *chain, const char *path);
long mbedtls_x509_crt_parse_path(void *chain, const char *path) { return chain == 0 && path == 0; }

#endif

int laforge_libgit2_start(int (*initialize)(void)) { return initialize(); }
