// Sentences by which licence texts are recognised, as NormaliseLicenceText writes them.
#ifndef PLUMB_VERIFY_POLICY_LICENCE_PHRASES_H_
#define PLUMB_VERIFY_POLICY_LICENCE_PHRASES_H_

#include <array>
#include <string_view>

namespace plumb {

// A text is `id` when it holds every phrase of `all` and none of `none`; empty ones are unused.
struct LicencePhrases {
  std::string_view id;
  std::array<std::string_view, 2> all;
  std::array<std::string_view, 3> none;
};

inline constexpr std::string_view kBsdGrant =
    "redistribution and use in source and binary forms with or without modification are permitted provided that the "
    "following conditions are met";
inline constexpr std::string_view kBsdNames = "contributors may be used to endorse or promote products derived from";
inline constexpr std::string_view kBsdAdvertising = "all advertising materials mentioning features";
inline constexpr std::string_view kBsdClear = "no express or implied licenses to any party s patent";
inline constexpr std::string_view kMitGrant =
    "permission is hereby granted free of charge to any person obtaining a copy of this software and associated "
    "documentation files the software to deal in the software without restriction";
inline constexpr std::string_view kMitNotice =
    "shall be included in all copies or substantial portions of the software";
inline constexpr std::string_view kIscNotice =
    "provided that the above copyright notice and this permission notice appear in all copies";
inline constexpr std::string_view kNoFee = "software for any purpose with or without fee is hereby granted";

inline constexpr LicencePhrases kLicencePhrases[] = {
    {"Apache-2.0", {"apache license version 2 0 january 2004", "grant of patent license"}, {}},
    {"Apache-1.1", {"apache software license version 1 1"}, {}},
    {"MIT", {kMitGrant, kMitNotice}, {}},
    {"MIT-0", {kMitGrant}, {kMitNotice}},
    {"BSD-2-Clause", {kBsdGrant}, {"endorse or promote products", kBsdAdvertising, kBsdClear}},
    {"BSD-3-Clause", {kBsdGrant, kBsdNames}, {kBsdAdvertising, kBsdClear}},
    {"BSD-3-Clause-Clear", {kBsdGrant, kBsdClear}, {}},
    {"BSD-4-Clause", {kBsdGrant, kBsdAdvertising}, {}},
    {"ISC", {kNoFee, kIscNotice}, {}},
    {"0BSD", {kNoFee, "the software is provided as is and the author disclaims all warranties"}, {kIscNotice}},
    {"Unlicense", {"this is free and unencumbered software released into the public domain"}, {}},
    {"BSL-1.0", {"boost software license version 1 0", "machine executable object code"}, {}},
    {"Zlib",
     {"altered source versions must be plainly marked as such", "in no event will the authors be held liable"},
     {}},
    {"OFL-1.1", {"sil open font license version 1 1"}, {}},
    {"CC0-1.0", {"cc0 1 0 universal", "waiver"}, {}},
    {"CC-BY-4.0", {"creative commons attribution 4 0 international public license"}, {}},
    {"CC-BY-SA-4.0", {"creative commons attribution sharealike 4 0 international public license"}, {}},
    {"CC-BY-ND-4.0", {"creative commons attribution noderivatives 4 0 international public license"}, {}},
    {"CC-BY-NC-4.0", {"creative commons attribution noncommercial 4 0 international public license"}, {}},
    {"CC-BY-NC-SA-4.0", {"creative commons attribution noncommercial sharealike 4 0 international public license"}, {}},
    {"CC-BY-NC-ND-4.0",
     {"creative commons attribution noncommercial noderivatives 4 0 international public license"},
     {}},
    {"GPL-1.0", {"gnu general public license version 1 february 1989"}, {}},
    {"GPL-2.0", {"gnu general public license version 2 june 1991"}, {}},
    {"GPL-3.0", {"gnu general public license version 3 29 june 2007"}, {}},
    {"LGPL-2.0", {"gnu library general public license version 2 june 1991"}, {}},
    {"LGPL-2.1", {"gnu lesser general public license version 2 1 february 1999"}, {}},
    {"LGPL-3.0", {"gnu lesser general public license version 3 29 june 2007"}, {}},
    {"AGPL-3.0", {"gnu affero general public license version 3 19 november 2007"}, {}},
    {"GFDL-1.2", {"gnu free documentation license version 1 2 november 2002"}, {}},
    {"GFDL-1.3", {"gnu free documentation license version 1 3 3 november 2008"}, {}},
    {"MPL-1.1", {"mozilla public license version 1 1", "covered code"}, {}},
    {"MPL-2.0", {"mozilla public license version 2 0", "covered software"}, {}},
    {"EPL-2.0", {"eclipse public license v 2 0", "secondary license"}, {}},
    {"OpenMDW-1.0", {"openmdw license agreement version 1 0"}, {}},
    {"LicenseRef-hf-openrail", {"open rail m license"}, {"creativeml open rail", "bigscience open rail"}},
    {"LicenseRef-hf-openrail-plus-plus", {"open rail++ m license"}, {}},
    {"LicenseRef-hf-creativeml-openrail-m", {"creativeml open rail m"}, {}},
    {"LicenseRef-hf-bigscience-openrail-m", {"bigscience open rail m"}, {}},
    {"LicenseRef-hf-bigscience-bloom-rail-1.0", {"bigscience rail license v1 0"}, {}},
    {"LicenseRef-hf-bigcode-openrail-m", {"bigcode openrail m v1"}, {}},
    {"LicenseRef-hf-llama2", {"llama 2 community license agreement"}, {}},
    {"LicenseRef-hf-llama3", {"llama 3 community license agreement"}, {}},
    {"LicenseRef-hf-llama3.1", {"llama 3 1 community license agreement"}, {}},
    {"LicenseRef-hf-llama3.2", {"llama 3 2 community license agreement"}, {}},
    {"LicenseRef-hf-llama3.3", {"llama 3 3 community license agreement"}, {}},
    {"LicenseRef-hf-llama4", {"llama 4 community license agreement"}, {}},
    {"LicenseRef-hf-gemma", {"gemma terms of use", "prohibited use policy"}, {}},
    {"LicenseRef-Commons-Clause", {"commons clause license condition"}, {}},
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_POLICY_LICENCE_PHRASES_H_
