// Files and chunk lists that the client's tests share.
#ifndef PLUMB_TESTS_UNIT_CLIENT_TEST_FILES_H_
#define PLUMB_TESTS_UNIT_CLIENT_TEST_FILES_H_

#include <fstream>
#include <random>
#include <string>

#include "plumb/base/file.h"
#include "plumb/content/chunk_list.h"
#include "plumb/content/chunker.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb::testing {

inline std::string RandomBytes(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

inline ChunkList ChunksOf(const std::string& content) {
  ChunkList list;
  size_t offset = 0;
  for (const PlannedChunk& planned : PlanChunks(content.size(), {})) {
    std::string_view chunk = std::string_view(content).substr(offset, planned.size_bytes);
    list.Append({Sha256Of(chunk), planned.size_bytes}).IgnoreError();
    offset += planned.size_bytes;
  }
  return list;
}

inline v1::File FileOf(const std::string& path, const std::string& content) {
  ChunkList list = ChunksOf(content);
  v1::File file;
  file.set_path(path);
  file.set_size_bytes(content.size());
  file.set_sha256(Sha256Of(content).ToBytes());
  file.set_tree_root(list.TreeRoot().ToBytes());
  file.set_chunk_count(list.size());
  return file;
}

inline void Write(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

}  // namespace plumb::testing

#endif  // PLUMB_TESTS_UNIT_CLIENT_TEST_FILES_H_
