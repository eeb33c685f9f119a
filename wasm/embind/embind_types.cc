// Stands in for the part of embind's library that tells JavaScript of every built-in type, each
// with a name and a conversion: it tells of those that pass between the module and its host
// (bindings.cc), and of no other. Linked where embind is of the version that it stands in for
// (CMakeLists.txt). Invariant: a function with a type that is missing here fails when it is called.
#include <emscripten/bind.h>
#include <emscripten/emscripten.h>

#include <cstdlib>
#include <limits>
#include <string>

extern "C" {

// The name of a type that is missing, for a message, which frees it: empty, as none is known.
EMSCRIPTEN_KEEPALIVE void* __getTypeName(const void* /*type*/) {
  char* const name = static_cast<char*>(std::malloc(1));
  *name = '\0';
  return name;
}

__attribute__((constructor)) void register_types() {
  using namespace emscripten::internal;
  _embind_register_void(TypeID<void>::get(), "void");
  _embind_register_integer(TypeID<unsigned>::get(), "unsigned", sizeof(unsigned), 0,
                           std::numeric_limits<unsigned>::max());
  // By this name embind tells text, which is UTF-8, from bytes.
  _embind_register_std_string(TypeID<std::string>::get(), "std::string");
}

}  // extern "C"
