// What the registry's tests share: folders that vanish, a clock that obeys, small models.
#ifndef PLUMB_TESTS_UNIT_REGISTRY_TESTING_H_
#define PLUMB_TESTS_UNIT_REGISTRY_TESTING_H_

#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "plumb/content/chunk_list.h"
#include "plumb/content/digest.h"
#include "plumb/manifest/manifest.h"
#include "registry/storage/clock.h"

namespace plumb::testing_support {

// A folder that is removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "plumb-registry-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string Join(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A clock that moves when told.
class ManualClock {
 public:
  Clock AsClock() {
    return [this] { return TimePoint(std::chrono::seconds(now_.load())); };
  }
  void Advance(std::chrono::seconds by) { now_ += by.count(); }

 private:
  std::atomic<int64_t> now_{1'800'000'000};
};

inline ChunkRef RefOf(const std::string& bytes) { return {Sha256Of(bytes), static_cast<uint32_t>(bytes.size())}; }

// A file cut into chunks.
struct SampleFile {
  std::string path;
  std::vector<std::string> chunks;

  std::string Bytes() const {
    std::string bytes;
    for (const std::string& chunk : chunks) bytes += chunk;
    return bytes;
  }
  ChunkList List() const {
    ChunkList list;
    for (const std::string& chunk : chunks) EXPECT_TRUE(list.Append(RefOf(chunk)).ok());
    return list;
  }
};

// The manifest of a release of `files`, which must be sorted.
inline v1::Manifest MakeManifest(const std::string& model, const std::string& version,
                                 const std::vector<SampleFile>& files) {
  v1::Manifest manifest;
  manifest.set_schema_version(1);
  manifest.set_model(model);
  manifest.set_version(version);
  manifest.set_kind(v1::KIND_WEIGHTS);
  for (const SampleFile& sample : files) {
    v1::File* file = manifest.add_files();
    file->set_path(sample.path);
    file->set_size_bytes(sample.Bytes().size());
    file->set_sha256(Sha256Of(sample.Bytes()).ToBytes());
    file->set_tree_root(sample.List().TreeRoot().ToBytes());
    file->set_chunk_count(sample.chunks.size());
  }
  return manifest;
}

// The bytes of a manifest that passes validation.
inline StoredManifest Store(const v1::Manifest& manifest) {
  absl::StatusOr<StoredManifest> stored = ParseManifest(manifest.SerializeAsString());
  EXPECT_TRUE(stored.ok()) << stored.status();
  return *std::move(stored);
}

// Writes `to`, which is as long, over the first `from` in each file of a folder.
inline void ReplaceInFiles(const std::string& folder, const std::string& from, const std::string& to) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    absl::StatusOr<std::string> bytes = ReadFile(entry.path().string(), 64u << 20);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    size_t at = bytes->find(from);
    if (at == bytes->npos) continue;
    std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at));
    file << to;
  }
}

inline void Overwrite(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace plumb::testing_support

#define EXPECT_OK(expression) EXPECT_TRUE((expression).ok())
#define ASSERT_OK(expression) ASSERT_TRUE((expression).ok())

#endif  // PLUMB_TESTS_UNIT_REGISTRY_TESTING_H_
