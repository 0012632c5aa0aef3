#include "CLaForgeSupport.h"

// Debian's libgit2 is built with mbed TLS, and git_libgit2_init parses the whole bundle of
// certificate authorities: 52 of the 61 million instructions of a process that only reads HEAD.
// LaForge uses no network, so these two take the place of mbed TLS's functions of the same names.
// The executable's symbols come before those of the libraries; a library that references them
// makes the linker export them.

int mbedtls_x509_crt_parse_file(void *chain, const char *path);
int mbedtls_x509_crt_parse_path(void *chain, const char *path);

int mbedtls_x509_crt_parse_file(void *chain, const char *path) {
  (void)chain;
  (void)path;
  return 0;
}

int mbedtls_x509_crt_parse_path(void *chain, const char *path) {
  (void)chain;
  (void)path;
  return 0;
}

int laforge_libgit2_start(int (*initialize)(void)) {
  // A reference keeps the linker from dropping them as unused.
  int (*volatile file)(void *, const char *) = mbedtls_x509_crt_parse_file;
  int (*volatile path)(void *, const char *) = mbedtls_x509_crt_parse_path;
  (void)file;
  (void)path;
  return initialize();
}
