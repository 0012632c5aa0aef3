#include "CLaForgeSupport.h"

static int argument_count;
static char **arguments;

// The C library calls constructors with the arguments of main.
__attribute__((constructor)) static void note_arguments(int count, char **words) {
  argument_count = count;
  arguments = words;
}

int laforge_argument_count(void) { return argument_count; }

const char *laforge_argument(int index) {
  return index >= 0 && index < argument_count ? arguments[index] : NULL;
}
