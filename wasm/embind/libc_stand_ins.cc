// Stands in for parts of libc that nlohmann_json pulls into the module and the core has no use for:
// together 8 kB of gzip. The core asks of a document whether it is JSON and where its parts are; it
// never uses the value of a number (identifiers are compared by their spelling) nor the text of a
// parse error (it answers with a status). Linked into the WebAssembly module only. Native builds
// keep the real ones, and the same tests hold.
#include <cstddef>
#include <cstring>

extern "C" {

// NOLINTBEGIN(cert-dcl50-cpp): the signatures are libc's.
int snprintf(char* buffer, std::size_t size, const char* /*format*/, ...) {
  if (size > 0) buffer[0] = '\0';
  return 0;
}

// The text is a whole number token by RFC 8259's grammar, which the lexer has checked.
double strtod(const char* text, char** end) {
  *end = const_cast<char*>(text) + std::strlen(text);
  return 0;
}

unsigned long long strtoull(const char* text, char** end, int /*base*/) {
  strtod(text, end);
  return 0;
}

long long strtoll(const char* text, char** end, int /*base*/) {
  strtod(text, end);
  return 0;
}

// The C++ library's strings would bring libc's own with these.
long strtol(const char* text, char** end, int base) {
  return static_cast<long>(strtoll(text, end, base));
}

unsigned long strtoul(const char* text, char** end, int base) {
  return static_cast<unsigned long>(strtoull(text, end, base));
}

float strtof(const char* text, char** end) { return static_cast<float>(strtod(text, end)); }

long double strtold(const char* text, char** end) { return strtod(text, end); }

// What embind names types with that nobody registered, in messages to its users; without doubles
// in the format the compiler calls it by another name.
int sprintf(char* buffer, const char* /*format*/, ...) {
  buffer[0] = '\0';
  return 0;
}

int siprintf(char* buffer, const char* /*format*/, ...) {
  buffer[0] = '\0';
  return 0;
}

// What the C++ runtime would print its last words with.
void abort_message(const char* /*format*/, ...) { __builtin_trap(); }
// NOLINTEND(cert-dcl50-cpp)

}  // extern "C"
