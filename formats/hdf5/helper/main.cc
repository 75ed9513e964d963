// plumb-hdf5: describes an HDF5 file that another process holds, over the socket that is its standard input.
// docs/hdf5.md says what it may do and what it says; `formats/hdf5/hdf5_file.cc` starts it.
#include <hdf5.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>

#include "formats/hdf5/helper/channel.h"
#include "formats/hdf5/helper/lockdown.h"
#include "formats/hdf5/helper/virtual_driver.h"
#include "formats/hdf5/helper/walker.h"

int main() {
  using namespace plumb::hdf5;
  int type = 0;
  socklen_t type_bytes = sizeof(type);
  if (getsockopt(kSocket, SOL_SOCKET, SO_TYPE, &type, &type_bytes) != 0) {
    std::fputs("plumb-hdf5 is started by Plumb to read HDF5 files; it does nothing by itself.\n", stderr);
    return 2;
  }
  H5open();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLset_loading_state(0);
  LimitResources();
  AllowOnlyComputing();

  unsigned char raw[8];
  ReceiveAll(raw, sizeof(raw));
  uint64_t size = 0;
  for (size_t i = sizeof(raw); i-- > 0;) size = size << 8 | raw[i];
  Payload hello;
  hello.U32(kProtocolVersion);
  SendFrame(FrameKind::kHello, hello.bytes());

  const hid_t file = OpenRemoteFile(size);
  if (file < 0) RefuseWithReason("it cannot be opened");
  Walker(file).Run();
  _exit(0);
}
