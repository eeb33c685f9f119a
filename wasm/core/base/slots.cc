#include "base/slots.h"

#include <cstring>

namespace sesame {

void* zeroed(std::size_t count, std::size_t bytes) {
  // Not calloc, which would bring another allocator's worth of code into the module.
  void* const memory = std::malloc(count * bytes);
  if (memory == nullptr && count > 0) std::abort();  // as operator new does here
  if (count > 0) std::memset(memory, 0, count * bytes);
  return memory;
}

}  // namespace sesame
