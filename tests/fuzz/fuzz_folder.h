// A folder of files for readers that want one.
#ifndef PLUMB_TESTS_FUZZ_FUZZ_FOLDER_H_
#define PLUMB_TESTS_FUZZ_FUZZ_FOLDER_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "plumb/base/directory.h"

namespace plumb {

// Goes when the program does.
class FuzzFolder {
 public:
  FuzzFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "plumb-fuzz-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) std::abort();
    path_ = path;
  }
  FuzzFolder(const FuzzFolder&) = delete;
  FuzzFolder& operator=(const FuzzFolder&) = delete;
  ~FuzzFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  Directory Open() const { return *Directory::Open(path_.string()); }
  void Write(const std::string& name, std::string_view data) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << data;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace plumb

#endif  // PLUMB_TESTS_FUZZ_FUZZ_FOLDER_H_
