#include "formats/hdf5/helper/walker.h"

#include <algorithm>

#include "formats/hdf5/helper/attributes.h"
#include "formats/hdf5/helper/channel.h"
#include "formats/hdf5/helper/dataset.h"
#include "formats/hdf5/helper/handle.h"
#include "plumb/base/limits.h"

namespace plumb::hdf5 {
namespace {

struct Link {
  std::string name;
  H5L_type_t type;
};

herr_t TakeLink(hid_t, const char* name, const H5L_info_t* info, void* links) {
  auto& taken = *static_cast<std::vector<Link>*>(links);
  if (taken.size() >= limits::kHdf5ObjectsMax) return -1;
  taken.push_back({name, info->type});
  return 0;
}

H5O_info_t InfoOf(hid_t object, const std::string& path) {
  H5O_info_t info;
  if (H5Oget_info(object, &info) < 0) RefuseWithReason("'" + path + "' cannot be read");
  return info;
}

}  // namespace

void Walker::Run() {
  Handle root(H5Gopen2(file_, "/", H5P_DEFAULT));
  if (!root.valid()) RefuseWithReason("the root group cannot be opened");
  VisitGroup(root.get(), "");
  SendFrame(FrameKind::kEnd, "");
}

void Walker::VisitGroup(hid_t group, const std::string& path) {
  const haddr_t address = InfoOf(group, path).addr;
  if (std::find(around_.begin(), around_.end(), address) != around_.end()) {
    Refuse("group '" + path + "' holds itself");
  }
  if (around_.size() >= limits::kHdf5DepthMax) {
    Refuse("groups are nested deeper than " + std::to_string(limits::kHdf5DepthMax));
  }
  SendFrame(FrameKind::kGroup, Payload().Text(path).bytes());
  SendAttributes(group, path);
  std::vector<Link> links;
  if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, TakeLink, &links) < 0) {
    RefuseWithReason("the links of group '" + path + "' cannot be read");
  }
  around_.push_back(address);
  for (const Link& link : links) {
    const std::string link_path = path.empty() ? link.name : path + "/" + link.name;
    if (link.type != H5L_TYPE_HARD && link.type != H5L_TYPE_SOFT) Refuse("'" + link_path + "' leads to another file");
    if (link.name.empty() || link.name == "." || link.name.find('/') != link.name.npos) {
      Refuse("'" + link_path + "' is no name");
    }
    VisitLink(group, link.name, link_path);
  }
  around_.pop_back();
}

void Walker::VisitLink(hid_t group, const std::string& name, const std::string& path) {
  if (++objects_ > limits::kHdf5ObjectsMax) {
    Refuse("it has more than " + std::to_string(limits::kHdf5ObjectsMax) + " groups and datasets");
  }
  Handle object(H5Oopen(group, name.c_str(), H5P_DEFAULT));
  if (!object.valid()) RefuseWithReason("'" + path + "' leads nowhere");
  const H5O_info_t info = InfoOf(object.get(), path);
  if (info.type == H5O_TYPE_GROUP) VisitGroup(object.get(), path);
  if (info.type == H5O_TYPE_DATASET) SendDataset(object.get(), path, info.addr);
}

}  // namespace plumb::hdf5
