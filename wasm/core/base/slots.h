// The slots of a table: as many as there will ever be, all bits of them zero at first.
// Must not know: what is in them. Invariant: they stay where they are.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>

namespace sesame {

/// Memory of zeros, to be given back with operator delete: one function for all tables.
void* zeroed(std::size_t count, std::size_t bytes);

template <typename T>
class Slots {
  // What zeros are made into objects of needs no constructor, and no destructor.
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  explicit Slots(std::size_t count)
      : slots_(static_cast<T*>(zeroed(count, sizeof(T)))), count_(count) {}
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;
  ~Slots() { ::operator delete(slots_); }

  T& operator[](std::size_t slot) { return slots_[slot]; }
  const T& operator[](std::size_t slot) const { return slots_[slot]; }
  std::size_t size() const { return count_; }

 private:
  T* slots_;
  std::size_t count_;
};

}  // namespace sesame
