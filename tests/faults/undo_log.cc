#include "tests/faults/undo_log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/faults/real_calls.h"

namespace plumb::faults {
namespace {

std::string Parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

uint64_t SizeOf(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

std::vector<char> Bytes(int fd, uint64_t offset, uint64_t size) {
  std::vector<char> bytes(size);
  ssize_t got = ::pread(fd, bytes.data(), size, static_cast<off_t>(offset));
  bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return bytes;
}

}  // namespace

UndoLog::Identity UndoLog::IdentityOf(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? Identity(info.st_dev, info.st_ino) : Identity();
}

UndoLog::Identity UndoLog::FolderOf(const std::string& path) { return IdentityOf(Parent(path)); }

int UndoLog::OwnDescriptor(int fd, const Identity& file) {
  auto known = descriptors_.find(file);
  if (known != descriptors_.end()) return known->second;
  std::string self = "/proc/self/fd/" + std::to_string(fd);
  return descriptors_[file] = Real().open(self.c_str(), O_RDWR | O_CLOEXEC, 0);
}

void UndoLog::BeforeWrite(int fd, uint64_t offset, uint64_t size) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return;
  Identity file(info.st_dev, info.st_ino);
  int own = OwnDescriptor(fd, file);
  if (own < 0) return;
  uint64_t old_size = SizeOf(own);
  std::vector<char> old =
      offset < old_size ? Bytes(own, offset, std::min(size, old_size - offset)) : std::vector<char>();
  Add(file, [own, offset, old_size, old = std::move(old)] {
    Real().pwrite(own, old.data(), old.size(), static_cast<off_t>(offset));
    Real().ftruncate(own, static_cast<off_t>(old_size));
  });
}

void UndoLog::BeforeResize(int fd, uint64_t size) {
  uint64_t old_size = SizeOf(fd);
  BeforeWrite(fd, std::min(size, old_size), old_size > size ? old_size - size : 0);
}

void UndoLog::BeforeTruncate(const std::string& path) {
  int fd = Real().open(path.c_str(), O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) return;
  BeforeResize(fd, 0);
  ::close(fd);
}

void UndoLog::AfterCreate(const std::string& path) {
  AddNameUndo(path, [path] { Real().unlink(path.c_str()); });
}

void UndoLog::AfterMakeFolder(const std::string& path) {
  AddNameUndo(path, [path] { ::rmdir(path.c_str()); });
}

std::string UndoLog::Keep(const std::string& path) {
  if (IdentityOf(path) == Identity()) return "";
  std::string kept = std::string(::getenv("PLUMB_FAULTS_KEPT")) + "/" + std::to_string(kept_++);
  return Real().link(path.c_str(), kept.c_str()) == 0 ? kept : "";
}

void UndoLog::BeforeUnlink(const std::string& path) {
  std::string kept = Keep(path);
  if (kept.empty()) return;
  AddNameUndo(path, [path, kept] { Real().link(kept.c_str(), path.c_str()); });
}

void UndoLog::BeforeRename(const std::string&, const std::string& to) { BeforeUnlink(to); }

void UndoLog::AfterRename(const std::string& from, const std::string& to) {
  AddNameUndo(to, [from, to] { Real().rename(to.c_str(), from.c_str()); });
}

void UndoLog::Synced(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return;
  Identity subject(info.st_dev, info.st_ino);
  steps_.remove_if([&](const Step& step) { return step.subject == subject; });
  auto own = descriptors_.find(subject);
  if (own == descriptors_.end()) return;
  ::close(own->second);
  descriptors_.erase(own);
}

void UndoLog::TakeBack() {
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) step->undo();
}

}  // namespace plumb::faults
