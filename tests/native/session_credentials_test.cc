// What ends or changes sessions reaches every credential that a request names, and every spelling
// of each (rules R1, R3, R8).
#include <string>
#include <vector>

#include "abi_host.h"
#include "support.h"

namespace sesame::testing {
namespace {

Request raw_cookie(const std::string& header) { return {"", header, ""}; }

// The token of `jwt`, with another signature.
Request with_signature(Request request, const std::string& signature) {
  std::string& token = request.authorization.empty() ? request.cookie : request.authorization;
  token.resize(token.rfind('.') + 1);
  token += signature;
  return request;
}

Request jwt_cookie(const std::string& claims) {
  const std::string authorization = jwt(claims).authorization;
  return cookie(authorization.substr(authorization.find(' ') + 1));
}

TEST_CASE("R2: the same value under another cookie's name or scheme is another session") {
  Fixture f;
  f.hold(raw_cookie("__Host-session=a"), document("7"));
  CHECK(f.check(raw_cookie("session=a")).action == Action::kFetch);
  CHECK(f.check(raw_cookie("__Secure-session=a")).action == Action::kFetch);
  f.hold({"", "", "Bearer a"}, document("7"));
  CHECK(f.check({"", "", "Token a"}).action == Action::kFetch);
  CHECK(f.check({"", "", "bearer a"}).action == Action::kServe);
}

TEST_CASE("R3: every spelling of a cookie finds its document, and a sign-out ends all of them") {
  const std::vector<std::string> spellings = {"session=abc", "session=%61bc", "session=\"abc\"",
                                              "session=\"\\141bc\"", "session.0=a; session.1=%62c"};
  for (const std::string& ended : spellings) {
    Fixture f;
    f.hold(cookie("abc"), document("7"));
    for (const std::string& each : spellings) {
      CAPTURE(each);
      CHECK(f.check(raw_cookie(each)).action == Action::kServe);
    }
    CAPTURE(ended);
    f.revoke(raw_cookie(ended));
    for (const std::string& each : spellings) {
      CAPTURE(each);
      CHECK(f.check(raw_cookie(each)).action == Action::kRefuse);
    }
    CHECK(f.check(cookie("abd")).action == Action::kFetch);
  }
}

TEST_CASE("R8: an ended token is refused with any signature and base64 spelling, in any place") {
  const std::string claims = R"({"sub":"7","x":"~~~"})";
  for (const Request& ended :
       {jwt(claims), with_signature(jwt(claims), "b3RoZXI"), jwt_cookie(claims)}) {
    Fixture f;
    CAPTURE(ended.cookie, ended.authorization);
    f.hold(jwt(claims), document("7"));
    f.revoke(ended);
    Request padded = jwt(claims);
    padded.authorization.insert(padded.authorization.find('.'), "==");
    Request other_scheme = jwt(claims);
    other_scheme.authorization.replace(0, 6, "Token");
    for (const Request& request :
         {jwt(claims), with_signature(jwt(claims), ""), with_signature(jwt(claims), "c2lm"), padded,
          other_scheme, jwt_cookie(claims), with_signature(jwt_cookie(claims), "x")}) {
      CAPTURE(request.cookie, request.authorization);
      CHECK(f.check(request).action == Action::kRefuse);
    }
    CHECK(f.check(jwt(R"({"sub":"7","x":"~~"})")).action == Action::kFetch);
    CHECK(f.check(cookie("abc")).action == Action::kFetch);
  }
}

TEST_CASE("R3: a token with another signature is never served the document of the true one") {
  Fixture f;
  const Request own = jwt(R"({"sub":"7"})");
  f.hold(own, document("7"));
  for (const char* signature : {"", "c2lm", "c2ln=", "Zm9yZ2Vk"}) {
    CAPTURE(signature);
    const Request forged = with_signature(own, signature);
    const LeaseId lease = f.begin(forged);
    f.answer(lease, 401);
    CHECK(f.check(own).action == Action::kServe);
  }
}

TEST_CASE(
    "R10: a fill under one spelling is refused if the session ended under another meanwhile") {
  Fixture f;
  const Request own = jwt(R"({"sub":"7"})");
  const Request other = with_signature(own, "c2lm");
  const LeaseId lease = f.begin(other);
  f.revoke(own);
  CHECK(f.fill(lease, document("7")).action == Action::kRetry);
  CHECK(f.check(other).action == Action::kRefuse);
  CHECK(f.metrics().fills_refused == 1);
}

TEST_CASE("R8: a token stays ended for as long as any spelling of it could live") {
  Fixture f;
  const Request own = jwt(R"({"sub":"7"})");
  f.hold(own, document("7"));
  f.pass(10 * kDay);
  f.revoke(own);
  f.pass(29 * kDay);
  CHECK(f.check(with_signature(own, "x")).action == Action::kRefuse);
  f.pass(kDay);
  CHECK(f.check(with_signature(own, "x")).action == Action::kFetch);
}

TEST_CASE("R8: an ended opaque token is refused under every scheme and in quotes") {
  Fixture f;
  f.hold(bearer("12|abc"), document("7"));
  f.revoke(bearer("12|abc"));
  for (const char* header :
       {"Token 12|abc", "bearer \"12|abc\"", "Token token=12|abc", "Token token=\"12|abc\""}) {
    CAPTURE(header);
    CHECK(f.check({"", "", header}).action == Action::kRefuse);
  }
  CHECK(f.check(bearer("12|abd")).action == Action::kFetch);
  CHECK(f.check(cookie("12|abc")).action == Action::kFetch);
}

TEST_CASE("R4: a token that has ended for one tenant lives for another") {
  Fixture f;
  const Request own = jwt(R"({"sub":"7"})");
  f.revoke(of_tenant("a.example", own));
  CHECK(f.check(of_tenant("a.example", with_signature(own, "x"))).action == Action::kRefuse);
  CHECK(f.check(of_tenant("b.example", own)).action == Action::kFetch);
}

TEST_CASE("R31: a node that is told of an ended token by its shared key refuses every spelling") {
  Fixture one;
  Fixture other;
  const Request own = jwt(R"({"sub":"7"})");
  const auto session = one.cache().session_name(own.head());
  REQUIRE(session);
  REQUIRE(session->ending);
  CHECK(*session->ending != session->key);
  CHECK(one.cache().session_name(with_signature(own, "x").head())->ending == session->ending);
  CHECK(one.cache().session_name(jwt_cookie(R"({"sub":"7"})").head())->ending == session->ending);
  CHECK_FALSE(one.cache().session_name(cookie("abc").head())->ending);

  other.hold(with_signature(own, "x"), document("7"));
  other.cache().apply(RemoteEvent::kSessionEnded, *session->ending, other.now());
  CHECK(other.check(with_signature(own, "x")).action == Action::kRefuse);
  CHECK(other.check(own).action == Action::kRefuse);
}

TEST_CASE("R3: a session is named alike for every spelling, in ASCII, and unlike for any other") {
  Fixture f;
  const auto value_of = [&](const std::string& header) {
    const auto session = f.cache().session_name(raw_cookie(header).head());
    REQUIRE(session);
    return session->value;
  };
  CHECK(value_of("session=abc") == "abc");
  CHECK(value_of("session=%61bc") == "abc");
  CHECK(value_of("session=%ff") == "%FF");
  CHECK(value_of("session=%fe") != value_of("session=%ff"));
  CHECK(value_of("session=%25FF") == "%25FF");
  CHECK(f.cache().session_name(raw_cookie("session.0=a; session.1=b").head())->name == "session");
  CHECK(f.cache().session_name(Request{"", "", "TOKEN a"}.head())->name == "token");
}

TEST_CASE("R8: a cookie that is a JWT is not served past its exp") {
  Fixture f;
  const std::string claims = R"({"exp":)" + std::to_string((kStart + 10 * kMinute) / kSecond) + "}";
  f.hold(jwt_cookie(claims), document("7"));
  CHECK(f.check(jwt_cookie(claims)).expires_at == kStart + 10 * kMinute);
  f.pass(10 * kMinute);
  CHECK(f.check(jwt_cookie(claims)).action == Action::kFetch);
}

// Requests that name the session `own`, and something else.
const std::vector<Request> kAmbiguous = {
    {"", "session=own; session=other", ""},
    {"", "session=other; session=own", ""},
    {"", "session=own; __Host-session=other", ""},
    {"", "session=own; session=", ""},
    {"", "session=own", "Basic YTpi"},
    {"", "session=own", "Bearer other"},
    {"", "session=own; \xa0session=other", ""},
    {"", "theme=dark, session=own", ""},
    {"", "session=own, theme=dark", ""},
    {"", "session.0=x; session=own", ""},
    {"", "session.0=o; session.1=wn; session=other", ""},
    {"", "session=%6fwn; session=other", ""},
    {"", "session=own; x=\x01", ""},
    {"", "$Version=1; session=own", ""},
};

TEST_CASE("R1: a sign-out ends every session that its request names") {
  for (const Request& request : kAmbiguous) {
    CAPTURE(request.cookie, request.authorization);
    Fixture f;
    f.hold(cookie("own"), document("7"));
    f.hold(cookie("stranger"), document("8"));
    REQUIRE(f.check(request).credential == CredentialKind::kAmbiguous);
    f.revoke_unknown(request);
    CHECK(f.check(cookie("own")).action == Action::kRefuse);
    CHECK(f.check(cookie("stranger")).action == Action::kServe);
    CHECK(f.metrics().revocations == 1);  // of the others nothing is known that could end (R53)
  }
  Fixture f;
  f.hold(bearer("own"), document("7"));
  f.revoke({"", "session=other", "Bearer own"});
  CHECK(f.check(bearer("own")).action == Action::kRefuse);
  CHECK(f.check(cookie("other")).action == Action::kRefuse);
}

TEST_CASE("R1: what drops a session drops every one that its request names") {
  for (const Request& request : kAmbiguous) {
    CAPTURE(request.cookie, request.authorization);
    Fixture f;
    f.hold(cookie("own"), document("7"));
    f.hold(cookie("stranger"), document("8"));
    f.forget(request);
    CHECK(f.check(cookie("own")).action == Action::kFetch);
    CHECK(f.check(cookie("stranger")).action == Action::kServe);
  }
}

TEST_CASE("R4, R53: a credential that the origin accepts for one tenant is known for all") {
  Fixture f;
  f.hold(of_tenant("one", bearer("t")), document("7"));
  CHECK(f.revoke_unknown(of_tenant("two", bearer("other"))) == Status::kUnknown);
  CHECK(f.revoke_unknown(of_tenant("two", bearer("t"))) == Status::kOk);
}

TEST_CASE(
    "R3, R53: another spelling of a token is unknown until the origin accepts it, and ends them "
    "all") {
  Fixture f;
  const Request token = jwt(R"({"sub":"7"})");
  const Request other = {"", "", token.authorization + "x"};
  const Request third = {"", "", token.authorization + "="};
  f.hold(token, document("7"));
  // Its signature may be a made-up one: who has no accepted token ends nobody's session.
  CHECK(f.revoke_unknown(other) == Status::kUnknown);
  CHECK(f.check(token).action == Action::kServe);
  CHECK(f.revoke(other) == Status::kOk);
  for (const Request& each : {token, other, third}) {
    CHECK(f.check(each).action == Action::kRefuse);
  }
  CHECK(f.revoke_unknown(third) == Status::kOk);
}

TEST_CASE("R8: a login that names several credentials brings none of them back") {
  Fixture f;
  f.revoke(cookie("own"));
  f.forget({"", "session=own; session=other", ""});
  CHECK(f.check(cookie("own")).action == Action::kRefuse);
}

TEST_CASE("R22: a write reaches the users of all credentials that its request names") {
  for (const Request& request : kAmbiguous) {
    CAPTURE(request.cookie, request.authorization);
    Fixture f;
    f.hold(cookie("own"), document("7"));
    f.hold(cookie("second"), document("7"));
    f.hold(cookie("stranger"), document("8"));
    CHECK(f.write(request, document("7", "New")).action == Action::kPass);
    CHECK(f.check(cookie("own")).action == Action::kFetch);
    CHECK(f.check(cookie("second")).action == Action::kFetch);
    CHECK(f.check(cookie("stranger")).action == Action::kServe);
  }
}

TEST_CASE("R22: a write that failed changes nothing for the credentials that its request names") {
  Fixture f;
  f.hold(cookie("own"), document("7"));
  f.write(kAmbiguous[0], "", 403);
  CHECK(f.check(cookie("own")).action == Action::kServe);
  f.write(kAmbiguous[0], "", 0);  // unknown: what is held may be out of date
  CHECK(f.check(cookie("own")).action == Action::kServeStale);
}

TEST_CASE("R10: a fill that began before a write of several credentials is refused") {
  Fixture f;
  const LeaseId lease = f.begin(cookie("own"));
  f.write(kAmbiguous[0], document("7", "New"));
  CHECK(f.fill(lease, document("7", "Old")).action == Action::kRetry);
}

TEST_CASE("R70: ambiguous requests are counted by reason, once each; anonymous ones are none") {
  Fixture f;
  const auto count = [&](Ambiguity reason) {
    return f.metrics().ambiguous[static_cast<std::size_t>(reason)];
  };
  f.check({"", "session=a; session=b", ""});
  f.check({"", "session=a; session=b", ""}, {.peek = true});
  f.check({"", "session=a; session=b", ""}, {.again = true});
  f.check({"", "", "Basic YTpi"});
  f.check({"", "Session=a", ""});
  f.check({});
  CHECK(count(Ambiguity::kTwoCookies) == 1);
  CHECK(count(Ambiguity::kAuthorizationScheme) == 1);
  CHECK(count(Ambiguity::kCookieNameVariant) == 1);
  CHECK(count(Ambiguity::kNone) == 0);
  CHECK(f.metrics().bypass == 4);
}

TEST_CASE("R1: the schemes that carry a whole credential can be configured") {
  Config config = test_config();
  config.authorization_schemes = {"X-Api"};
  Fixture f(config);
  f.hold({"", "", "x-api a"}, document("7"));
  CHECK(f.check(bearer("a")).credential == CredentialKind::kAmbiguous);
}

TEST_CASE("R1: over the ABI, every credential of a request has a line") {
  Host host;
  const Request request{"", "session=a; session=b", "Bearer c"};
  host.put({request.cookie, request.authorization});
  REQUIRE(sesame_credentials(host.handle(), 0, Host::length(request.cookie),
                             Host::length(request.authorization)) == 3);
  CHECK(host.body() == "abearer c\ncsession=a\ncsession=b\n");
}

}  // namespace
}  // namespace sesame::testing
