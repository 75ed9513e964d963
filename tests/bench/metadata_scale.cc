// Reading a registry of very many releases, in process, with what the server uses: RocksDB, journal, reader.
//
//   metadata_scale FOLDER [RELEASES [MODELS]]
//
// Fills FOLDER/metadata with RELEASES (1,000,000) releases of MODELS (100,000) models when it is not there, opens it,
// and prints opening time, resident memory, and the time of each kind of question over random models, every answer
// compared with what it must be. metadata_scale.py goes on with plumbd on the same folder.
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "registry/catalogue/journal.h"
#include "registry/catalogue/reader.h"
#include "registry/storage/rocksdb_metadata_store.h"
#include "tests/bench/synthetic_catalogue.h"

namespace plumb {
namespace {

using SteadyClock = std::chrono::steady_clock;

double SecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

uint64_t ResidentKib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtoull(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

absl::Status Expect(bool holds, const std::string& what) {
  return holds ? absl::OkStatus() : DataLoss("a wrong answer: " + what);
}

class Measurement {
 public:
  Measurement(const SyntheticCatalogue& catalogue, const Reader& reader, const Journal& journal)
      : catalogue_(catalogue), reader_(reader), journal_(journal) {}

  absl::Status Run() {
    const int many = static_cast<int>(std::min<uint64_t>(catalogue_.releases(), 20'000));
    PLUMB_RETURN_IF_ERROR(Time("resolve, version", many, [&](uint64_t i) {
      v1::ResolveRequest request = Ask(i);
      request.set_version(catalogue_.Version(i));
      return ExpectRelease(request, i);
    }));
    PLUMB_RETURN_IF_ERROR(Time("resolve, tag", many, [&](uint64_t i) {
      v1::ResolveRequest request = Ask(i);
      request.set_tag("stable");
      return ExpectRelease(request, catalogue_.FirstOf(i));
    }));
    PLUMB_RETURN_IF_ERROR(
        Time("resolve, newest", many, [&](uint64_t i) { return ExpectRelease(Ask(i), catalogue_.NewestOf(i)); }));
    PLUMB_RETURN_IF_ERROR(TimeDigests(many));
    PLUMB_RETURN_IF_ERROR(Time("list models, a page of 100", many / 100, [&](uint64_t i) { return ListModels(i); }));
    PLUMB_RETURN_IF_ERROR(Time("list releases of a model", many / 10, [&](uint64_t i) { return ListReleases(i); }));
    PLUMB_RETURN_IF_ERROR(Time("list events, a page of 100", many / 100, [&](uint64_t i) { return ListEvents(i); }));
    return Time("search all models for a rare word", 5, [&](uint64_t i) { return Search(i); });
  }

 private:
  v1::ResolveRequest Ask(uint64_t i) const {
    v1::ResolveRequest request;
    request.set_model(catalogue_.ModelName(i));
    return request;
  }

  absl::Status ExpectRelease(const v1::ResolveRequest& request, uint64_t i) const {
    PLUMB_ASSIGN_OR_RETURN(v1::Release release, reader_.Resolve(request));
    const bool right = release.model() == catalogue_.ModelName(i) && release.version() == catalogue_.Version(i);
    return Expect(right, request.ShortDebugString());
  }

  // The digests are computed before the clock runs.
  absl::Status TimeDigests(int count) {
    std::vector<std::pair<uint64_t, Digest>> wanted;
    for (int n = 0; n < count; ++n) {
      const uint64_t i = random_() % catalogue_.releases();
      wanted.emplace_back(i, catalogue_.Manifest(i).digest);
    }
    size_t next = 0;
    return Time("resolve, digest", count, [&](uint64_t) {
      const auto& [i, digest] = wanted[next++];
      v1::ResolveRequest request = Ask(i);
      request.set_digest(digest.ToBytes());
      return ExpectRelease(request, i);
    });
  }

  absl::Status ListModels(uint64_t i) const {
    v1::ListModelsRequest request;
    request.set_prefix(catalogue_.ModelName(i).substr(0, 7));
    PLUMB_ASSIGN_OR_RETURN(v1::ListModelsResponse response, reader_.ListModels(request));
    return Expect(response.models_size() > 0, "list of models");
  }

  absl::Status ListReleases(uint64_t i) const {
    v1::ListReleasesRequest request;
    request.set_model(catalogue_.ModelName(i));
    PLUMB_ASSIGN_OR_RETURN(v1::ListReleasesResponse response, reader_.ListReleases(request));
    return Expect(response.releases_size() > 0 && response.releases(0).version() == "v1", "list of releases");
  }

  absl::Status ListEvents(uint64_t i) const {
    PLUMB_ASSIGN_OR_RETURN(std::vector<v1::Event> events, journal_.List(i, 100));
    return Expect(!events.empty() && events.front().sequence() == i + 1, "events");
  }

  absl::Status Search(uint64_t i) const {
    v1::SearchModelsRequest request;
    request.set_query(fmt::format("SYNTHETIC Rare{}", catalogue_.FirstOf(i)));
    PLUMB_ASSIGN_OR_RETURN(v1::ListModelsResponse response, reader_.SearchModels(request));
    return Expect(response.models_size() > 0, "search");
  }

  // Asks about random releases and prints median and 99th percentile.
  absl::Status Time(const char* what, int count, const std::function<absl::Status(uint64_t)>& ask) {
    std::vector<double> seconds;
    for (int n = 0; n < std::max(count, 1); ++n) {
      const uint64_t i = random_() % catalogue_.releases();
      auto start = SteadyClock::now();
      PLUMB_RETURN_IF_ERROR(ask(i));
      seconds.push_back(SecondsSince(start));
    }
    std::sort(seconds.begin(), seconds.end());
    fmt::print("| {} | {:.0f} us | {:.0f} us |\n", what, 1e6 * seconds[seconds.size() / 2],
               1e6 * seconds[seconds.size() * 99 / 100]);
    return absl::OkStatus();
  }

  const SyntheticCatalogue& catalogue_;
  const Reader& reader_;
  const Journal& journal_;
  std::mt19937_64 random_{1};
};

absl::Status FillIfMissing(const std::string& path, SyntheticCatalogue* catalogue) {
  struct stat found;
  if (::stat(path.c_str(), &found) == 0) return absl::OkStatus();
  auto start = SteadyClock::now();
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<RocksDbMetadataStore> store, RocksDbMetadataStore::New(path));
  PLUMB_RETURN_IF_ERROR(catalogue->Fill(store.get()));
  fmt::print("filled in {:.1f} s\n", SecondsSince(start));
  return absl::OkStatus();
}

absl::Status Run(const std::string& folder, uint64_t releases, uint64_t models) {
  SyntheticCatalogue catalogue(releases, models);
  const std::string path = folder + "/metadata";
  PLUMB_RETURN_IF_ERROR(FillIfMissing(path, &catalogue));
  const uint64_t before_kib = ResidentKib();
  auto start = SteadyClock::now();
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<RocksDbMetadataStore> store, RocksDbMetadataStore::New(path));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Journal> journal, Journal::New(store.get(), SystemClock()));
  fmt::print("{} releases of {} models: opened in {:.3f} s\n", releases, models, SecondsSince(start));
  Reader reader(store.get());
  fmt::print("| question | p50 | p99 |\n| --- | --- | --- |\n");
  PLUMB_RETURN_IF_ERROR(Measurement(catalogue, reader, *journal).Run());
  fmt::print("resident: {} MiB when opening, {} MiB after the questions\n", before_kib / 1024, ResidentKib() / 1024);
  return absl::OkStatus();
}

}  // namespace
}  // namespace plumb

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "Usage: metadata_scale FOLDER [RELEASES [MODELS]]\n");
    return 2;
  }
  const uint64_t releases = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  const uint64_t models = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 100'000;
  if (models == 0 || releases < models) {
    fmt::print(stderr, "Error: {} releases of {} models, expected at least one each\n", releases, models);
    return 2;
  }
  absl::Status status = plumb::Run(argv[1], releases, models);
  if (!status.ok()) fmt::print(stderr, "Error: {}\n", std::string(status.message()));
  return status.ok() ? 0 : 1;
}
