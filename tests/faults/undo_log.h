// What a loss of power would take back.
#ifndef PLUMB_TESTS_FAULTS_UNDO_LOG_H_
#define PLUMB_TESTS_FAULTS_UNDO_LOG_H_

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <utility>

namespace plumb::faults {

// Remembers, before each change of a file or a folder, how to take it back, until the file or the folder is synced.
// The strictest reading of POSIX: what is in a file needs a sync of the file, a name needs a sync of its folder. Not
// thread-safe.
class UndoLog {
 public:
  // Bytes [offset, offset + size) of the file are about to be written.
  void BeforeWrite(int fd, uint64_t offset, uint64_t size);
  // The file is about to get another length.
  void BeforeResize(int fd, uint64_t size);
  void BeforeTruncate(const std::string& path);
  void AfterCreate(const std::string& path);
  void AfterMakeFolder(const std::string& path);
  // Call before a name is taken away or given to another file; what had it is kept under another name.
  void BeforeUnlink(const std::string& path);
  void BeforeRename(const std::string& from, const std::string& to);
  void AfterRename(const std::string& from, const std::string& to);
  // The file or folder is durable now.
  void Synced(int fd);
  // Takes back what is not durable, the newest first.
  void TakeBack();

 private:
  using Identity = std::pair<dev_t, ino_t>;
  struct Step {
    Identity subject;  // What has to be synced to make it stand.
    std::function<void()> undo;
  };

  static Identity IdentityOf(const std::string& path);
  static Identity FolderOf(const std::string& path);
  // A descriptor of our own for reading and writing, kept until the file is synced.
  int OwnDescriptor(int fd, const Identity& file);
  void Add(const Identity& subject, std::function<void()> undo) { steps_.push_back({subject, std::move(undo)}); }
  void AddNameUndo(const std::string& path, std::function<void()> undo) { Add(FolderOf(path), std::move(undo)); }
  // Another name for what has this one; empty when nothing has it.
  std::string Keep(const std::string& path);

  std::list<Step> steps_;
  std::map<Identity, int> descriptors_;
  uint64_t kept_ = 0;
};

}  // namespace plumb::faults

#endif  // PLUMB_TESTS_FAULTS_UNDO_LOG_H_
