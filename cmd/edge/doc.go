// Command edge is the Cloudflare Worker of the open web page. It answers for the models, /models/, and /healthz; everything else of
// the page is served by Cloudflare as static files, with the headers of the file _headers. docs/deploy.md says how to build, test and
// deploy it.
//
// Models come from the R2 bucket that is bound as MODELS, or else from the static files of the site.
package main
