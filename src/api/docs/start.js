// SPDX-License-Identifier: Apache-2.0
// A file of its own, so that the page needs no inline script and its policy can forbid them.
window.addEventListener("load", () => {
  const page = document.getElementById("swagger-ui");
  SwaggerUIBundle({ url: page.dataset.url, domNode: page, deepLinking: true, validatorUrl: null });
});
