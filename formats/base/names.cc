#include "plumb/base/names.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr size_t kDigestDigits = 64;

bool IsAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool IsNameChar(char c) { return IsAlnum(c) || c == '.' || c == '_' || c == '-'; }

absl::Status CheckNamePart(std::string_view name, std::string_view part) {
  auto refuse = [&](std::string_view rule) {
    return InvalidArgument(fmt::format("\"{}\" is not a model name: {}; expected namespace/name", name, rule));
  };
  if (part.empty()) return refuse("a part is empty");
  if (!std::all_of(part.begin(), part.end(), IsNameChar)) return refuse("only A-Z a-z 0-9 . _ - are allowed");
  if (!IsAlnum(part.front()) || !IsAlnum(part.back()))
    return refuse("a part must start and end with a letter or digit");
  if (part.find("--") != part.npos || part.find("..") != part.npos) return refuse("`--` and `..` are not allowed");
  return absl::OkStatus();
}

absl::Status UsageError(std::string_view text, std::string_view rule) {
  return WithErrorClass(InvalidArgument(fmt::format("\"{}\" is not a reference: {}; expected "
                                                    "[host[:port]/]namespace/name[@version | :tag | @sha256:digest]",
                                                    text, rule)),
                        ErrorClass::kUsage);
}

// Takes `host[:port]/` off the front of `*rest` when there is one.
std::string TakeRegistry(std::string_view* rest) {
  size_t slash = rest->find('/');
  if (slash == rest->npos) return "";
  std::string_view first = rest->substr(0, slash);
  bool more = rest->find('/', slash + 1) != rest->npos;
  bool certain = first == "localhost" || first.find(':') != first.npos;
  if (!certain && !(more && first.find('.') != first.npos)) return "";
  *rest = rest->substr(slash + 1);
  return std::string(first);
}

bool IsRegistry(std::string_view host) {
  if (host.empty() || host.size() > 255) return false;
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return IsNameChar(c) || c == ':' || c == '[' || c == ']'; });
}

// Sets version, tag or digest of `reference` from `text`, `separator` included.
absl::Status TakeSelector(std::string_view text, Reference* reference) {
  if (text.empty()) return absl::OkStatus();
  std::string_view value = text.substr(1);
  if (text.front() == ':') {
    reference->tag = value;
    return ValidateVersion(value);
  }
  if (!value.starts_with("sha256:")) {
    reference->version = value;
    return ValidateVersion(value);
  }
  std::string digits(value.substr(7));
  std::transform(digits.begin(), digits.end(), digits.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  const bool hexadecimal = digits.find_first_not_of("0123456789abcdef") == digits.npos;
  if (!hexadecimal || digits.size() < kDigestDigitsMin || digits.size() > kDigestDigits) {
    return InvalidArgument(fmt::format("a SHA-256 digest has {} hexadecimal digits, of which the first {} are enough",
                                       kDigestDigits, kDigestDigitsMin));
  }
  reference->digest_hex = std::move(digits);
  return absl::OkStatus();
}

// Why `model`, before which no host stands, has too many parts; empty when it has not.
std::string TooManyParts(std::string_view model) {
  const size_t slash = model.find('/');
  if (slash == model.npos || model.find('/', slash + 1) == model.npos) return "";
  return fmt::format(
      "\"{}\" is not a host (it has no dot and no port), and a path inside a release is an argument of "
      "its own",
      model.substr(0, slash));
}

}  // namespace

absl::Status ValidateModelName(std::string_view name) {
  if (name.size() > limits::kModelNameBytesMax) {
    return InvalidArgument(
        fmt::format("model name is {} bytes long, at most {} are allowed", name.size(), limits::kModelNameBytesMax));
  }
  size_t slash = name.find('/');
  if (slash == name.npos)
    return InvalidArgument(fmt::format("\"{}\" is not a model name: expected namespace/name", name));
  if (name.ends_with(".git")) return InvalidArgument(fmt::format("\"{}\" is not a model name: it ends in .git", name));
  PLUMB_RETURN_IF_ERROR(CheckNamePart(name, name.substr(0, slash)));
  return CheckNamePart(name, name.substr(slash + 1));
}

absl::Status ValidateVersion(std::string_view version) {
  auto refuse = [&](std::string_view rule) {
    return InvalidArgument(fmt::format("\"{}\" is not a version or tag: {}", version, rule));
  };
  if (version.empty()) return refuse("it is empty");
  if (version.size() > limits::kVersionBytesMax) {
    return refuse(fmt::format("it is longer than {} bytes", limits::kVersionBytesMax));
  }
  if (!std::all_of(version.begin(), version.end(), [](char c) { return IsNameChar(c) || c == '+'; })) {
    return refuse("only A-Z a-z 0-9 . _ + - are allowed");
  }
  if (!IsAlnum(version.front())) return refuse("it must start with a letter or digit");
  if (version.find("..") != version.npos) return refuse("`..` is not allowed");
  return absl::OkStatus();
}

std::string_view NamespaceOf(std::string_view model) { return model.substr(0, model.find('/')); }

absl::StatusOr<Reference> ParseReference(std::string_view text) {
  if (text.starts_with('/')) return UsageError(text, "it starts with a slash");
  if (text.find("://") != text.npos) return UsageError(text, "it is a URL");
  Reference reference;
  std::string_view rest = text;
  reference.registry = TakeRegistry(&rest);
  if (!reference.registry.empty() && !IsRegistry(reference.registry)) {
    return UsageError(text, fmt::format("\"{}\" is not a host", reference.registry));
  }
  size_t separator = rest.find_first_of("@:");
  reference.model = rest.substr(0, separator);
  if (reference.registry.empty()) {
    if (std::string what = TooManyParts(reference.model); !what.empty()) return UsageError(text, what);
  }
  if (absl::Status status = ValidateModelName(reference.model); !status.ok()) return UsageError(text, Message(status));
  std::string_view selector = separator == rest.npos ? std::string_view() : rest.substr(separator);
  if (absl::Status status = TakeSelector(selector, &reference); !status.ok()) return UsageError(text, Message(status));
  return reference;
}

std::string RenderReference(const Reference& reference) {
  std::string text = reference.registry.empty() ? "" : reference.registry + "/";
  text += reference.model;
  if (!reference.version.empty()) return text + "@" + reference.version;
  if (!reference.tag.empty()) return text + ":" + reference.tag;
  if (!reference.digest_hex.empty()) return text + "@sha256:" + reference.digest_hex;
  return text;
}

}  // namespace plumb
