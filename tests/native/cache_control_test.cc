// The origin's own Cache-Control, as far as it is obeyed.
#include "http/cache_control.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace sesame {
namespace {

TEST_CASE("R15: no header, or one of other directives, says nothing") {
  for (const Bytes value : {"", ",", " , ,", "public", "private, must-revalidate", "no-storex",
                            "x-no-store", "s-maxage=5", "max-stale=3", "immutable"}) {
    CAPTURE(value);
    const CacheControl control = read_cache_control(value);
    CHECK_FALSE(control.no_store);
    CHECK_FALSE(control.no_cache);
    CHECK_FALSE(control.max_age_ms);
  }
}

TEST_CASE("R15: no-store is found in any case and place") {
  for (const Bytes value :
       {"no-store", "NO-STORE", "private, No-Store", "no-store,max-age=5", ",,no-store,",
        "\tno-store ", "foo=\"a, b\", no-store", "foo=\"\\\"\", no-store", "no-store=1"}) {
    CAPTURE(value);
    CHECK(read_cache_control(value).no_store);
  }
}

TEST_CASE("R15: a comma or a name inside quotes is no directive") {
  CHECK_FALSE(read_cache_control("foo=\"a, no-store, b\"").no_store);
  CHECK_FALSE(read_cache_control("foo=\"\\\", no-store\"").no_store);
  CHECK_FALSE(read_cache_control("foo=\"max-age=1, max-age=2\"").max_age_ms);
}

TEST_CASE("R15: a quote that is never closed hides no directive") {
  CHECK(read_cache_control("foo=\"a, no-store").no_store);
  CHECK(read_cache_control("foo=\"a\\\", no-store").no_store);
  CHECK(read_cache_control("a=\"b\", foo=\", no-store").no_store);
  CHECK(read_cache_control("no-store, foo=\"").no_store);
  CHECK(read_cache_control("foo=\"\\, no-store, bar=\\").no_store);
}

TEST_CASE("R15: no-cache counts unless it lists fields") {
  CHECK(read_cache_control("no-cache").no_cache);
  CHECK(read_cache_control("private, No-Cache").no_cache);
  CHECK(read_cache_control("no-cache=\"set-cookie\", no-cache").no_cache);
  CHECK_FALSE(read_cache_control("no-cache=\"set-cookie\"").no_cache);
  CHECK_FALSE(read_cache_control("no-cache=\"a, b\", private=\"no-cache\"").no_cache);
}

TEST_CASE("R15: max-age is read in seconds") {
  CHECK(read_cache_control("max-age=0").max_age_ms == 0);
  CHECK(read_cache_control("max-age=60").max_age_ms == 60'000);
  CHECK(read_cache_control("private, Max-Age=0060").max_age_ms == 60'000);
  CHECK(read_cache_control("max-age=\"60\"").max_age_ms == 60'000);
  CHECK(read_cache_control(" max-age = 60 ").max_age_ms == 60'000);
}

TEST_CASE("R15: of several max-age the smallest counts") {
  CHECK(read_cache_control("max-age=60, max-age=30").max_age_ms == 30'000);
  CHECK(read_cache_control("max-age=30, max-age=60").max_age_ms == 30'000);
  CHECK(read_cache_control("max-age=30, max-age=x").max_age_ms == 0);
}

TEST_CASE("R15: a max-age that is not a whole number of seconds is stale at once") {
  for (const Bytes value : {"max-age", "max-age=", "max-age=-1", "max-age=+1", "max-age=1.5",
                            "max-age=abc", "max-age=6 0", "max-age=\"", "max-age=\"60",
                            "max-age=60\"", "max-age=1e3", "max-age=\"\"", "max-age=60;x"}) {
    CAPTURE(value);
    CHECK(read_cache_control(value).max_age_ms == 0);
  }
}

TEST_CASE("R15: a huge max-age is held at 2^31 seconds") {
  constexpr DurationMs kMax = 2'147'483'648'000;
  CHECK(read_cache_control("max-age=2147483647").max_age_ms == kMax - 1000);
  CHECK(read_cache_control("max-age=2147483648").max_age_ms == kMax);
  CHECK(read_cache_control("max-age=2147483649").max_age_ms == kMax);
  CHECK(read_cache_control("max-age=" + std::string(500, '9')).max_age_ms == kMax);
  CHECK(read_cache_control("max-age=18446744073709551617").max_age_ms == kMax);
}

}  // namespace
}  // namespace sesame
