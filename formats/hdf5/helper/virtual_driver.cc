#include "formats/hdf5/helper/virtual_driver.h"

#include <algorithm>
#include <cstring>

#include "formats/hdf5/helper/channel.h"
#include "formats/hdf5/helper/header_length.h"

namespace plumb::hdf5 {
namespace {

// What libhdf5 reads where an object header or a local heap begins (H5O_SPEC_READ_SIZE, H5HL_SPEC_READ_SIZE).
constexpr size_t kGuessedHeaderBytes = 512;

// libhdf5 takes the first member for the whole.
struct RemoteFile {
  H5FD_t shared = {};
  haddr_t end_of_allocation = 0;
};

uint64_t file_bytes = 0;
bool opened = false;

H5FD_t* Open(const char*, unsigned flags, hid_t, haddr_t) {
  // Once only: libhdf5 must not come by another file through this one.
  if (opened || (flags & (H5F_ACC_RDWR | H5F_ACC_TRUNC | H5F_ACC_CREAT)) != 0) return nullptr;
  opened = true;
  return &(new RemoteFile)->shared;
}

herr_t Close(H5FD_t* file) {
  delete reinterpret_cast<RemoteFile*>(file);
  return 0;
}

herr_t Query(const H5FD_t*, unsigned long* flags) {
  if (flags != nullptr) *flags = 0;
  return 0;
}

haddr_t EndOfAllocation(const H5FD_t* file, H5FD_mem_t) {
  return reinterpret_cast<const RemoteFile*>(file)->end_of_allocation;
}

herr_t SetEndOfAllocation(H5FD_t* file, H5FD_mem_t, haddr_t end) {
  reinterpret_cast<RemoteFile*>(file)->end_of_allocation = end;
  return 0;
}

haddr_t EndOfFile(const H5FD_t*, H5FD_mem_t) { return file_bytes; }

// Reads what libhdf5 does not know the length of yet: it asks for 512 bytes and drops what lies behind the end. Those
// bytes are not asked for here: they may be a tensor's, of which a chunk would be fetched where the file is far away.
void ReadHeader(haddr_t offset, uint8_t* out) {
  size_t read = kHeaderStartBytes;
  ReadFileBytes(offset, read, out);
  uint64_t length = kGuessedHeaderBytes;
  if (const size_t prefix = HeaderPrefixBytes({out, read}); prefix > 0) {
    ReadFileBytes(offset + read, prefix - read, out + read);
    read = prefix;
    length = std::clamp<uint64_t>(HeaderBytes({out, read}, offset, file_bytes), read, kGuessedHeaderBytes);
  }
  ReadFileBytes(offset + read, length - read, out + read);
  std::memset(out + length, 0, kGuessedHeaderBytes - length);
}

herr_t Read(H5FD_t*, H5FD_mem_t type, hid_t, haddr_t offset, size_t count, void* out) {
  if (offset > file_bytes || count > file_bytes - offset) return -1;
  if ((type == H5FD_MEM_OHDR || type == H5FD_MEM_LHEAP) && count == kGuessedHeaderBytes) {
    ReadHeader(offset, static_cast<uint8_t*>(out));
    return 0;
  }
  ReadFileBytes(offset, count, out);
  return 0;
}

herr_t Write(H5FD_t*, H5FD_mem_t, hid_t, haddr_t, size_t, const void*) { return -1; }

}  // namespace

hid_t OpenRemoteFile(uint64_t size) {
  file_bytes = size;
  static H5FD_class_t driver = {};
  driver.name = "plumb";
  driver.maxaddr = static_cast<haddr_t>(INT64_MAX);
  driver.fc_degree = H5F_CLOSE_WEAK;
  driver.open = Open;
  driver.close = Close;
  driver.query = Query;
  driver.get_eoa = EndOfAllocation;
  driver.set_eoa = SetEndOfAllocation;
  driver.get_eof = EndOfFile;
  driver.read = Read;
  driver.write = Write;
  const H5FD_mem_t one_list[H5FD_MEM_NTYPES] = H5FD_FLMAP_SINGLE;
  for (int i = 0; i < H5FD_MEM_NTYPES; ++i) driver.fl_map[i] = one_list[i];
#if H5_VERSION_GE(1, 14, 0)
  driver.version = H5FD_CLASS_VERSION;
#endif
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_driver(access, H5FDregister(&driver), nullptr);
  // An absolute name: libhdf5 asks where it stands for any other.
  return H5Fopen("/file", H5F_ACC_RDONLY, access);
}

}  // namespace plumb::hdf5
