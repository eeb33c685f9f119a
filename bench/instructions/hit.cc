// What is counted: hits of one session, so many as the command line says. It uses no more of a tree
// than the tests' host.
#include <cstdlib>

#include "abi_host.h"

int main(int count, char** words) {
  using namespace sesame::testing;
  const bool has_cookie = count > 2 && words[2][0] == 'c';
  Host host;
  const Request request = has_cookie ? cookie(std::string(40, 'x')) : bearer(std::string(40, 'x'));
  host.check(request);
  host.fill(host.result().lease, 200, document("ada", std::string(300, 'n')));
  for (long hits = std::atol(words[1]); hits > 0; --hits) {
    if (host.check(request) != SESAME_ACTION_SERVE) return 1;
  }
  return 0;
}
