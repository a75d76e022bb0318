#!/bin/sh
# Make an authority and one certificate of its, for scheduler, workers and crawl: make-certificates.sh FOLDER
# Dask checks who signed a certificate, not whose name is on it, so that one will do.
set -eu
cd "$1"
[ -f me.pem ] && exit 0
openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj "/CN=crawler authority" -keyout ca.key -out ca.pem
openssl req -newkey rsa:3072 -nodes -subj "/CN=crawler" -keyout me.key -out me.csr
openssl x509 -req -in me.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -out me.part
rm ca.key me.csr
mv me.part me.pem
