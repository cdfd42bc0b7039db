-- Run once by PostgreSQL's image, when its volume is empty: Directus owns a database, and is no superuser.
\set password `cat /run/secrets/directus_database_password`
CREATE ROLE directus LOGIN PASSWORD :'password';
CREATE DATABASE directus OWNER directus;
