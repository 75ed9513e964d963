#include "plumb/policy/licence_text.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/policy/licence_phrases.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kMit[] =
    "MIT License\n\nCopyright (c) 2026 Someone\n\nPermission is hereby granted, free of charge, to any person "
    "obtaining a "
    "copy\nof this software and associated documentation files (the \u201cSoftware\u201d), to deal\nin the Software "
    "without restriction, including ...\n\nThe above copyright notice and this permission notice shall be included in "
    "all\ncopies or substantial portions of the Software.\n";
constexpr char kBsd[] =
    "Copyright 2026, Someone.\n * Redistribution and use in source and binary forms, with or without\n * modification, "
    "are "
    "permitted provided that the following conditions are met:\n";
constexpr char kIsc[] =
    "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby "
    "granted";

LicenceAgreement Check(const std::string& expression, const std::string& text) {
  return CheckLicenceAgreement(*ParseLicenceExpression(expression), text).agreement;
}

TEST(NormaliseLicenceText, DropsWhatDiffersBetweenCopies) {
  EXPECT_EQ(NormaliseLicenceText("  The \u201cSoftware\u201d \u2013 is\n\t*PROVIDED* ``as is''\r\n"),
            "the software is provided as is");
  EXPECT_EQ(NormaliseLicenceText(
                "Copyright (c) 2020 A\nCopyright \u00a9 B\nCOPYRIGHT 2021-2022 C\n# Copyright [year] [name]\nx"),
            "x");
  EXPECT_EQ(NormaliseLicenceText("Open RAIL++-M"), "open rail++ m");
  EXPECT_EQ(NormaliseLicenceText(""), "");
}

TEST(NormaliseLicenceText, KeepsSentencesThatBeginWithCopyright) {
  EXPECT_EQ(NormaliseLicenceText("copyright notice and this\nCOPYRIGHT HOLDERS BE LIABLE"),
            "copyright notice and this copyright holders be liable");
}

TEST(IdentifyLicenceText, ShortPermissiveTexts) {
  EXPECT_THAT(IdentifyLicenceText(kMit), ElementsAre("MIT"));
  EXPECT_THAT(IdentifyLicenceText(std::string(kMit).substr(0, 330)), ElementsAre("MIT-0"));
  EXPECT_THAT(IdentifyLicenceText(kBsd), ElementsAre("BSD-2-Clause"));
  EXPECT_THAT(
      IdentifyLicenceText(std::string(kBsd) + "3. Neither the name of X nor the names of its\ncontributors may be "
                                              "used to endorse or promote products derived\nfrom this software"),
      ElementsAre("BSD-3-Clause"));
  EXPECT_THAT(IdentifyLicenceText(std::string(kBsd) +
                                  "All advertising materials mentioning features or use ... the names of "
                                  "its contributors may be used to endorse or promote products derived from"),
              ElementsAre("BSD-4-Clause"));
  EXPECT_THAT(IdentifyLicenceText(std::string(kIsc) + ", provided that the above\ncopyright notice and this permission "
                                                      "notice appear in all copies."),
              ElementsAre("ISC"));
  EXPECT_THAT(IdentifyLicenceText(std::string(kIsc) +
                                  ".\n\nTHE SOFTWARE IS PROVIDED \"AS IS\" AND THE AUTHOR DISCLAIMS ALL WARRANTIES"),
              ElementsAre("0BSD"));
  EXPECT_THAT(IdentifyLicenceText("This is free and unencumbered software released into\nthe public domain."),
              ElementsAre("Unlicense"));
  EXPECT_THAT(
      IdentifyLicenceText(
          "In no event will the authors be held liable ... 2. Altered source versions must be plainly marked as such,"),
      ElementsAre("Zlib"));
}

TEST(IdentifyLicenceText, EachEntryIsFoundByItsOwnPhrasesAlone) {
  for (const LicencePhrases& phrases : kLicencePhrases) {
    const std::string text = std::string(phrases.all[0]) + "\n" + std::string(phrases.all[1]);
    EXPECT_THAT(IdentifyLicenceText(text), ElementsAre(std::string(phrases.id)));
    EXPECT_TRUE(ParseLicenceExpression(phrases.id).ok()) << phrases.id;
  }
}

TEST(IdentifyLicenceText, ModelLicencesByTheirTitles) {
  EXPECT_THAT(IdentifyLicenceText("LLAMA 2 COMMUNITY LICENSE AGREEMENT"), ElementsAre("LicenseRef-hf-llama2"));
  EXPECT_THAT(IdentifyLicenceText("META LLAMA 3 COMMUNITY LICENSE AGREEMENT"), ElementsAre("LicenseRef-hf-llama3"));
  EXPECT_THAT(IdentifyLicenceText("Llama 3.1 Community License Agreement"), ElementsAre("LicenseRef-hf-llama3.1"));
  EXPECT_THAT(IdentifyLicenceText("Gemma Terms of Use ... Gemma Prohibited Use Policy"),
              ElementsAre("LicenseRef-hf-gemma"));
  EXPECT_THAT(IdentifyLicenceText("CreativeML Open RAIL-M\ndated August 22, 2022"),
              ElementsAre("LicenseRef-hf-creativeml-openrail-m"));
}

TEST(IdentifyLicenceText, CreativeCommonsVariantsDoNotMix) {
  EXPECT_THAT(IdentifyLicenceText("Creative Commons Attribution 4.0 International Public License"),
              ElementsAre("CC-BY-4.0"));
  EXPECT_THAT(
      IdentifyLicenceText("Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International Public License"),
      ElementsAre("CC-BY-NC-SA-4.0"));
  EXPECT_THAT(IdentifyLicenceText("Creative Commons Attribution-NoDerivatives 4.0 International Public License"),
              ElementsAre("CC-BY-ND-4.0"));
}

TEST(IdentifyLicenceText, SeveralTextsInOneFile) {
  EXPECT_THAT(IdentifyLicenceText(std::string(kMit) + "\n---\n" + kBsd), ElementsAre("MIT", "BSD-2-Clause"));
}

TEST(IdentifyLicenceText, OtherTextIsNotRecognised) {
  EXPECT_THAT(IdentifyLicenceText(""), IsEmpty());
  EXPECT_THAT(IdentifyLicenceText("All rights reserved."), IsEmpty());
  EXPECT_THAT(IdentifyLicenceText("Licensed under the Apache License, Version 2.0"), IsEmpty())
      << "a mention is not the text";
  EXPECT_THAT(IdentifyLicenceText(std::string("\xff\x00\xfe MIT", 7)), IsEmpty());
}

TEST(IdentifyLicenceText, ReadsUpToTheLimitOnly) {
  const std::string mit(kMit);
  EXPECT_THAT(IdentifyLicenceText(std::string(limits::kLicenceTextBytesMax - mit.size(), ' ') + mit),
              ElementsAre("MIT"));
  EXPECT_THAT(IdentifyLicenceText(std::string(limits::kLicenceTextBytesMax, ' ') + mit), IsEmpty());
}

TEST(CheckLicenceAgreement, TheThreeOutcomes) {
  EXPECT_EQ(Check("MIT", kMit), LicenceAgreement::kAgrees);
  EXPECT_EQ(Check("Apache-2.0", kMit), LicenceAgreement::kDisagrees);
  EXPECT_EQ(Check("MIT", "ask me"), LicenceAgreement::kUnrecognised);
}

TEST(CheckLicenceAgreement, OneFileOfSeveralLicences) {
  EXPECT_EQ(Check("MIT OR Apache-2.0", kMit), LicenceAgreement::kAgrees);
  EXPECT_EQ(Check("MIT AND Apache-2.0", kMit), LicenceAgreement::kAgrees);
  EXPECT_EQ(Check("MIT OR Apache-2.0", kBsd), LicenceAgreement::kDisagrees);
}

TEST(CheckLicenceAgreement, AnUnstatedLicenceInTheFileDisagrees) {
  EXPECT_EQ(Check("MIT", std::string(kMit) + kBsd), LicenceAgreement::kDisagrees);
  EXPECT_EQ(Check("MIT", std::string(kMit) + "\"Commons Clause\" License Condition v1.0"),
            LicenceAgreement::kDisagrees);
  EXPECT_EQ(Check("MIT AND BSD-2-Clause", std::string(kMit) + kBsd), LicenceAgreement::kAgrees);
}

TEST(CheckLicenceAgreement, GnuSuffixesPlusAndExceptions) {
  const std::string gpl3 = "GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007\n";
  for (const char* expression : {"GPL-3.0", "GPL-3.0-only", "GPL-3.0-or-later", "GPL-3.0+", "LGPL-3.0-only",
                                 "GPL-3.0-or-later WITH GCC-exception-3.1"}) {
    EXPECT_EQ(Check(expression, gpl3), LicenceAgreement::kAgrees) << expression;
  }
  for (const char* expression : {"GPL-2.0-or-later", "AGPL-3.0-only", "LGPL-2.1-or-later"}) {
    EXPECT_EQ(Check(expression, gpl3), LicenceAgreement::kDisagrees) << expression;
  }
}

TEST(CheckLicenceAgreement, ReferencesOfModelLicences) {
  EXPECT_EQ(Check("LicenseRef-hf-llama2", "LLAMA 2 COMMUNITY LICENSE AGREEMENT"), LicenceAgreement::kAgrees);
  EXPECT_EQ(Check("Apache-2.0", "LLAMA 2 COMMUNITY LICENSE AGREEMENT"), LicenceAgreement::kDisagrees);
}

TEST(RequireLicenceAgreement, SaysBothSidesAndIsPolicy) {
  EXPECT_TRUE(RequireLicenceAgreement(*ParseLicenceExpression("MIT"), kMit, "LICENSE").ok());
  EXPECT_TRUE(RequireLicenceAgreement(*ParseLicenceExpression("MIT"), "ask me", "LICENSE").ok());
  const absl::Status status = RequireLicenceAgreement(*ParseLicenceExpression("apache-2.0"), kMit, "docs/LICENSE");
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy);
  EXPECT_EQ(Message(status), "licence stated as Apache-2.0, but docs/LICENSE holds the text of MIT");
}

struct Installed {
  const char* file;
  const char* expression;
};

// The whole texts, where Debian keeps them.
class InstalledText : public ::testing::TestWithParam<Installed> {};

TEST_P(InstalledText, IsRecognisedAlone) {
  const std::string path = std::string("/usr/share/common-licenses/") + GetParam().file;
  const auto text = ReadFile(path, limits::kLicenceTextBytesMax);
  if (!text.ok()) GTEST_SKIP() << path << " is not installed";
  EXPECT_THAT(IdentifyLicenceText(*text), ElementsAre(GetParam().expression));
  EXPECT_EQ(Check("MIT", *text), LicenceAgreement::kDisagrees);
}

INSTANTIATE_TEST_SUITE_P(CommonLicences, InstalledText,
                         ::testing::Values(Installed{"Apache-2.0", "Apache-2.0"}, Installed{"BSD", "BSD-3-Clause"},
                                           Installed{"CC0-1.0", "CC0-1.0"}, Installed{"GFDL-1.2", "GFDL-1.2"},
                                           Installed{"GFDL-1.3", "GFDL-1.3"}, Installed{"GPL-1", "GPL-1.0"},
                                           Installed{"GPL-2", "GPL-2.0"}, Installed{"GPL-3", "GPL-3.0"},
                                           Installed{"LGPL-2", "LGPL-2.0"}, Installed{"LGPL-2.1", "LGPL-2.1"},
                                           Installed{"LGPL-3", "LGPL-3.0"}, Installed{"MPL-1.1", "MPL-1.1"},
                                           Installed{"MPL-2.0", "MPL-2.0"}));

}  // namespace
}  // namespace plumb
