// P-256 for the tests' ports on Linux; on Apple they use CryptoKit.
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>
