// What the files of this folder give to addon.cpp.
#pragma once

#include <napi.h>

namespace cosimo::binding {

Napi::Function define_vector_index(Napi::Env env);
Napi::Function define_embedding_cache(Napi::Env env);
Napi::Function define_write_vectors_json(Napi::Env env);

}  // namespace cosimo::binding
