// libcurl for Swift, which imports no variadic functions: one plain function for each type of option and answer.
#include <curl/curl.h>

static inline CURLcode rote_curl_set_number(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}

/// libcurl keeps a copy.
static inline CURLcode rote_curl_set_text(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}

/// What is passed to callbacks, or written to, until the handle is cleaned up.
static inline CURLcode rote_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
  return curl_easy_setopt(easy, option, value);
}

/// For bytes of the body (CURLOPT_WRITEFUNCTION) and lines of the header (CURLOPT_HEADERFUNCTION).
static inline CURLcode rote_curl_set_receiver(CURL *easy, CURLoption option, curl_write_callback receiver) {
  return curl_easy_setopt(easy, option, receiver);
}

/// Called at least once a second; a result other than 0 ends the transfer.
static inline CURLcode rote_curl_set_watch(CURL *easy, curl_xferinfo_callback watch) {
  return curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, watch);
}

/// Allows http and https alone, also where a server redirects to.
static inline CURLcode rote_curl_set_http_only(CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x075500
  CURLcode code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  return code ? code : curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
  CURLcode code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  return code ? code : curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/// The status of the last response; 0 where there is none yet.
static inline long rote_curl_status(CURL *easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

/// The Content-Length of the last response; -1 where it has none.
static inline curl_off_t rote_curl_content_length(CURL *easy) {
  curl_off_t length = -1;
  curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  return length;
}

/// Whether the first connection stands, so that the request goes out.
static inline int rote_curl_is_connected(CURL *easy) {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &microseconds);
  return microseconds > 0;
}

/// Where redirects have led; lives as long as the handle.
static inline const char *rote_curl_effective_url(CURL *easy) {
  const char *url = NULL;
  curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
  return url;
}
