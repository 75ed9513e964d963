#include "verify/inference/backends/device/runtime_device.h"

#include <new>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb::device {
namespace {

class RuntimeMemory : public Memory {
 public:
  RuntimeMemory(Address address, uint64_t bytes) : address_(address), bytes_(bytes) {}
  uint64_t size_bytes() const override { return bytes_; }
  Address address() const { return address_; }

 private:
  Address address_;
  uint64_t bytes_;
};

// Freed by the runtime, which first waits for the work that may use it.
class OwnedMemory : public RuntimeMemory {
 public:
  OwnedMemory(const RuntimeApi& api, Address address, uint64_t bytes) : RuntimeMemory(address, bytes), api_(api) {}
  ~OwnedMemory() override {
    if (api_.make_current() == 0) api_.free(address());
  }

 private:
  const RuntimeApi& api_;
};

}  // namespace

absl::Status CheckRuntime(const RuntimeApi& api, int code, std::string_view call) {
  constexpr int kOutOfMemory = 2;
  if (code == 0) return absl::OkStatus();
  const std::string text = fmt::format("{}: {} failed with error {}: {}", api.name, call, code, api.error_text(code));
  return code == kOutOfMemory ? absl::ResourceExhaustedError(text) : Internal(text);
}

Address RuntimeDevice::AddressOf(const Memory& memory) { return static_cast<const RuntimeMemory&>(memory).address(); }

absl::StatusOr<std::unique_ptr<Memory>> RuntimeDevice::Allocate(uint64_t bytes) {
  PLUMB_RETURN_IF_ERROR(MakeCurrent());
  Address address = 0;
  PLUMB_RETURN_IF_ERROR(CheckRuntime(api_, api_.allocate(&address, bytes == 0 ? 1 : bytes), "allocation"));
  return std::make_unique<OwnedMemory>(api_, address, bytes);
}

absl::StatusOr<std::unique_ptr<Memory>> RuntimeDevice::Borrow(std::span<const uint8_t>) {
  return std::unique_ptr<Memory>();
}

absl::StatusOr<std::unique_ptr<Memory>> RuntimeDevice::Part(const Memory& whole, uint64_t offset, uint64_t bytes) {
  return std::make_unique<RuntimeMemory>(AddressOf(whole) + offset, bytes);
}

absl::Status RuntimeDevice::Fill(Memory& to, const std::function<absl::Status(std::span<uint8_t>)>& write) {
  const uint64_t bytes = to.size_bytes();
  if (bytes == 0) return absl::OkStatus();
  const std::unique_ptr<uint8_t[]> staging(new (std::nothrow) uint8_t[bytes]);
  if (staging == nullptr) return absl::ResourceExhaustedError(fmt::format("no memory for {} bytes to upload", bytes));
  PLUMB_RETURN_IF_ERROR(write({staging.get(), bytes}));
  PLUMB_RETURN_IF_ERROR(MakeCurrent());
  return CheckRuntime(api_, api_.upload(AddressOf(to), staging.get(), bytes), "upload");
}

absl::Status RuntimeDevice::Download(const Memory& from, std::span<uint8_t> to) {
  if (to.empty()) return absl::OkStatus();
  PLUMB_RETURN_IF_ERROR(MakeCurrent());
  return CheckRuntime(api_, api_.download(to.data(), AddressOf(from), to.size()), "download");
}

absl::Status RuntimeDevice::Launch(const KernelName& kernel, const Grid& grid, const Arguments& arguments) {
  PLUMB_RETURN_IF_ERROR(MakeCurrent());
  PLUMB_ASSIGN_OR_RETURN(void* function, FindFunction(kernel));
  std::vector<Arguments::Slot> slots(arguments.slots().begin(), arguments.slots().end());
  std::vector<Address> addresses(slots.size());
  std::vector<void*> pointers(slots.size());  // To each argument, as the runtime copies them.
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].memory != nullptr) addresses[i] = AddressOf(*slots[i].memory);
    pointers[i] = slots[i].memory != nullptr ? static_cast<void*>(&addresses[i]) : slots[i].bytes.data();
  }
  return CheckRuntime(api_,
                      api_.launch(function, grid.groups[0], grid.groups[1], grid.groups[2], grid.items[0],
                                  grid.items[1], grid.items[2], 0, nullptr, pointers.data(), nullptr),
                      fmt::format("launch of {}", kernel.name));
}

absl::StatusOr<bool> RuntimeDevice::MatMul(const MatMulShape&, const Memory&, const Memory&, Memory&) { return false; }

absl::Status RuntimeDevice::Finish() {
  PLUMB_RETURN_IF_ERROR(MakeCurrent());
  return CheckRuntime(api_, api_.synchronize(), "synchronisation");
}

absl::StatusOr<void*> RuntimeDevice::FindFunction(const KernelName& kernel) {
  std::lock_guard lock(mutex_);
  if (auto found = functions_.find(kernel.name); found != functions_.end()) return found->second;
  const std::string source(kernel.source);
  auto module = modules_.find(source);
  if (module == modules_.end()) {
    PLUMB_ASSIGN_OR_RETURN(std::string code, compile_(source));
    void* loaded = nullptr;
    PLUMB_RETURN_IF_ERROR(
        CheckRuntime(api_, api_.load_module(&loaded, code.c_str()), fmt::format("loading of {}", source)));
    module = modules_.emplace(source, loaded).first;
  }
  void* function = nullptr;
  PLUMB_RETURN_IF_ERROR(CheckRuntime(api_, api_.find_function(&function, module->second, kernel.name.c_str()),
                                     fmt::format("looking for {}", kernel.name)));
  functions_.emplace(kernel.name, function);
  return function;
}

}  // namespace plumb::device
