#include "base/slots.h"

namespace sesame {

void* zeroed(std::size_t count, std::size_t bytes) {
  void* const memory = std::calloc(count, bytes);
  if (memory == nullptr && count > 0) std::abort();  // as operator new does here
  return memory;
}

}  // namespace sesame
