// A text's queries, keys and values between rows of others, for tests of attention.
#pragma once

#include "support/check.h"
#include "support/encoder/encoder_rows.h"

namespace cosimo::test {

struct Shape {
  std::size_t head_size;
  std::size_t heads;
  std::size_t width() const { return head_size * heads; }
};

inline constexpr std::size_t kBefore = 2;  // rows of another text before this one
inline constexpr std::size_t kSpareMemory = 256;

enum class Part : std::size_t { query, key, value };

// One text between others, and room for its context.
class Text {
 public:
  Text(const EncoderKernel& kernel, Shape shape, std::size_t tokens)
      : kernel_(kernel),
        shape_(shape),
        tokens_(tokens),
        qkv_(kernel, kBefore + tokens, 3 * shape.width()),
        context_(kernel, kBefore + tokens, shape.width()) {}

  std::size_t tokens() const { return tokens_; }
  Shape shape() const { return shape_; }
  const TestRows& qkv() const { return qkv_; }
  const TestRows& context() const { return context_; }

  void set(Part part, std::size_t token, std::size_t head, std::size_t i, float value) const {
    qkv_.set(kBefore + token, place(part, head, i), value);
  }
  double get(Part part, std::size_t token, std::size_t head, std::size_t i) const {
    return qkv_.value(kBefore + token, place(part, head, i));
  }
  double found(std::size_t token, std::size_t head, std::size_t i) const {
    return context_.value(kBefore + token, head * shape_.head_size + i);
  }

  /// Sets every value to value(part, token, i), which is called for each head.
  template <typename Function>
  void fill(const Function& value) const {
    for (const Part part : {Part::query, Part::key, Part::value}) {
      for (std::size_t token = 0; token < tokens_; ++token) {
        for (std::size_t at = 0; at < shape_.width(); ++at) {
          const std::size_t i = at % shape_.head_size;
          set(part, token, at / shape_.head_size, i, value(part, token, i));
        }
      }
    }
  }

  void attend(std::size_t first_head, std::size_t head_count) const {
    const std::size_t bytes = kernel_.attention_scratch_bytes(tokens_, shape_.head_size);
    Bytes scratch(bytes + kSpareMemory);
    AttentionCall call{};
    call.qkv = qkv_.row(kBefore);
    call.qkv_stride = qkv_.view().stride;
    call.tokens = tokens_;
    call.width = shape_.width();
    call.head_size = shape_.head_size;
    call.first_head = first_head;
    call.head_count = head_count;
    call.context = context_.row(kBefore);
    call.context_stride = context_.view().stride;
    call.scratch = scratch.data();
    kernel_.attention(call);
    Bytes untouched = scratch;
    untouched.poison(bytes, kSpareMemory);
    CHECK(scratch == untouched);
  }

  void attend() const { attend(0, shape_.heads); }

 private:
  std::size_t place(Part part, std::size_t head, std::size_t i) const {
    return static_cast<std::size_t>(part) * shape_.width() + head * shape_.head_size + i;
  }

  const EncoderKernel& kernel_;
  Shape shape_;
  std::size_t tokens_;
  TestRows qkv_;
  TestRows context_;
};

}  // namespace cosimo::test
