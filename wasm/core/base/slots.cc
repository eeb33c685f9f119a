#include "base/slots.h"

#include <cstring>

namespace sesame {

void* zeroed(std::size_t count, std::size_t bytes) {
  void* const memory = ::operator new(count* bytes);
  std::memset(memory, 0, count * bytes);
  return memory;
}

}  // namespace sesame
