'use strict';

/** Which status a call counts as, by what it gave. Called by `requests.js`; nothing here throws, whatever it is given. */

/** RFC 9110, 15.3.1: a call that returns. */
const OK = 200;
/** RFC 9110, 15.6.1: a call that fails. */
const ERROR = 500;
/** What nginx logs for a client that left before the answer: a call that was aborted. */
const GONE_AWAY = 499;

function asStatus(found, otherwise) {
  return Number.isInteger(found) && found >= 100 && found <= 999 ? found : otherwise;
}

/** The status of a result: its `statusCode` or, as that of `fetch`, its `status`; else 200. */
function ofResult(result) {
  if (result === undefined || result === null) return OK;
  try {
    return asStatus(result.statusCode, asStatus(result.status, OK));
  } catch {
    return OK;
  }
}

/** The status of an error: 499 if it says that the call was aborted, else its `statusCode` or `status`, else 500. */
function ofError(error) {
  try {
    if (error?.name === 'AbortError') return GONE_AWAY;
    return asStatus(error?.statusCode, asStatus(error?.status, ERROR));
  } catch {
    return ERROR;
  }
}

module.exports = { ofError, ofResult };
