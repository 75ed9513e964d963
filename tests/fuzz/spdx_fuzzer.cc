// A licence expression from a stranger: what is accepted has one canonical text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plumb/policy/hub_tags.h"
#include "plumb/policy/licence_text.h"
#include "plumb/policy/spdx.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)plumb::IdentifyLicenceText(text);
  (void)plumb::ResolveLicence(text, text);
  (void)plumb::ResolveLicence("other", text);
  const auto expression = plumb::ParseLicenceExpression(text);
  if (!expression.ok()) return 0;
  const std::string rendered = plumb::RenderLicenceExpression(*expression);
  const auto again = plumb::ParseLicenceExpression(rendered);
  if (!again.ok() || *again != *expression) std::abort();
  if (plumb::RenderLicenceExpression(*again) != rendered) std::abort();
  if (plumb::LicenceTerms(*expression).empty()) std::abort();
  return 0;
}
