#include "client/library/guarded_mapping.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// Folios of this size are mapped by one entry. A range that begins and ends on them costs no time to map when the file
// is cached so, which it is when it was read for the first time through such a mapping.
constexpr uint64_t kHugeBytes = 2u << 20;

constinit thread_local GuardedMapping* current = nullptr;
struct sigaction previous_action;

}  // namespace

void GuardedMapping::OnBusError(int signal, siginfo_t* info, void* context) {
  GuardedMapping* mapping = current;
  const auto* at = static_cast<const uint8_t*>(info->si_addr);
  if (mapping != nullptr && at >= mapping->pages_.data() && at < mapping->pages_.data() + mapping->pages_.size() &&
      mapping->Replace()) {
    return;
  }
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(signal, info, context);
  } else if (previous_action.sa_handler == SIG_DFL || previous_action.sa_handler == SIG_IGN) {
    // The access is tried again and then ends the process, as it would have done without us.
    ::signal(SIGBUS, SIG_DFL);
  } else {
    previous_action.sa_handler(signal);
  }
}

// Runs in the signal handler: only system calls.
bool GuardedMapping::Replace() {
  lost_.store(true, std::memory_order_relaxed);
  void* start = const_cast<uint8_t*>(pages_.data());
  return ::mmap(start, pages_.size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

GuardedMapping::GuardedMapping(std::span<const uint8_t> pages, std::span<const uint8_t> bytes)
    : pages_(pages), bytes_(bytes) {
  current = this;
}

GuardedMapping::~GuardedMapping() {
  current = nullptr;
  ::munmap(const_cast<uint8_t*>(pages_.data()), pages_.size());
}

absl::StatusOr<std::unique_ptr<GuardedMapping>> GuardedMapping::Map(int fd, uint64_t begin, uint64_t end,
                                                                    std::string_view name) {
  static const bool installed = [] {
    struct sigaction action = {};
    action.sa_sigaction = &OnBusError;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    return ::sigaction(SIGBUS, &action, &previous_action) == 0;
  }();
  if (!installed) return absl::InternalError("the handler for SIGBUS cannot be installed");
  const bool huge = end - begin >= kHugeBytes;
  const uint64_t unit = huge ? kHugeBytes : static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const uint64_t skipped = begin % unit;
  const size_t size = (end + unit - 1) / unit * unit - (begin - skipped);
  void* start = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(begin - skipped));
  if (start == MAP_FAILED) return ErrnoStatus(errno, fmt::format("map {} bytes of {}", size, name));
  // The faults then bring a large folio each. Asking for all pages at once (MADV_POPULATE_READ) costs more: it goes
  // from page to page.
  if (huge) ::madvise(start, size, MADV_HUGEPAGE);
  const std::span<const uint8_t> pages(static_cast<const uint8_t*>(start), size);
  return std::unique_ptr<GuardedMapping>(new GuardedMapping(pages, pages.subspan(skipped, end - begin)));
}

}  // namespace plumb
