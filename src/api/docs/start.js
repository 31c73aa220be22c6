// SPDX-License-Identifier: Apache-2.0
// A file of its own, so that the page needs no inline script and its policy can forbid them.
window.addEventListener("load", () => {
  SwaggerUIBundle({ url: "./api", dom_id: "#page", deepLinking: true, validatorUrl: null });
});
