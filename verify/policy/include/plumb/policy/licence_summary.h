// What a stated licence means to somebody who fetches a model, in a few words.
#ifndef PLUMB_POLICY_LICENCE_SUMMARY_H_
#define PLUMB_POLICY_LICENCE_SUMMARY_H_

#include <string>
#include <string_view>

namespace plumb {

// Of an SPDX expression as a manifest has it: whether it is open source by the lists of OSI and FSF, and the limits that
// its name tells of (no commercial use, no changed versions, rules of use, terms of its maker). "none stated: ask the
// publisher before you use it" for an empty one. Not legal advice: the licence's text is what counts. Thread-safe.
std::string LicenceSummary(std::string_view expression);

}  // namespace plumb

#endif  // PLUMB_POLICY_LICENCE_SUMMARY_H_
