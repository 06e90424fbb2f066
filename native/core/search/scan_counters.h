// How many rows scans have looked at, and how many bytes they have read.
#pragma once

#include <atomic>
#include <cstddef>

namespace cosimo {

/// A row counts once for each query that it was looked at for.
struct ScanCounts {
  std::size_t plane_rows = 0;          // bounded by the upper plane
  std::size_t plane_rows_passed = 0;   // of these, passed by the upper plane
  std::size_t byte_rows = 0;           // bounded by both planes at once
  std::size_t head_rows = 0;           // bounded by the head of the rotated row
  std::size_t head_rows_passed = 0;    // of these, passed by the head
  std::size_t record_rows_passed = 0;  // of these, passed by the record, too
  std::size_t scored_rows = 0;         // scored exactly
  std::size_t read_bytes = 0;  // of codes and rows: once for queries that are bounded together, else for each
};

/// Safe from every thread.
class ScanCounters {
 public:
  void add(const ScanCounts& counts) noexcept {
    plane_rows_.fetch_add(counts.plane_rows, std::memory_order_relaxed);
    plane_rows_passed_.fetch_add(counts.plane_rows_passed, std::memory_order_relaxed);
    byte_rows_.fetch_add(counts.byte_rows, std::memory_order_relaxed);
    head_rows_.fetch_add(counts.head_rows, std::memory_order_relaxed);
    head_rows_passed_.fetch_add(counts.head_rows_passed, std::memory_order_relaxed);
    record_rows_passed_.fetch_add(counts.record_rows_passed, std::memory_order_relaxed);
    scored_rows_.fetch_add(counts.scored_rows, std::memory_order_relaxed);
    read_bytes_.fetch_add(counts.read_bytes, std::memory_order_relaxed);
  }

  ScanCounts read() const noexcept {
    return {plane_rows_.load(std::memory_order_relaxed),
            plane_rows_passed_.load(std::memory_order_relaxed),
            byte_rows_.load(std::memory_order_relaxed),
            head_rows_.load(std::memory_order_relaxed),
            head_rows_passed_.load(std::memory_order_relaxed),
            record_rows_passed_.load(std::memory_order_relaxed),
            scored_rows_.load(std::memory_order_relaxed),
            read_bytes_.load(std::memory_order_relaxed)};
  }

 private:
  std::atomic<std::size_t> plane_rows_{0};
  std::atomic<std::size_t> plane_rows_passed_{0};
  std::atomic<std::size_t> byte_rows_{0};
  std::atomic<std::size_t> head_rows_{0};
  std::atomic<std::size_t> head_rows_passed_{0};
  std::atomic<std::size_t> record_rows_passed_{0};
  std::atomic<std::size_t> scored_rows_{0};
  std::atomic<std::size_t> read_bytes_{0};
};

}  // namespace cosimo
