-- Three roles: the owner of the tables, who writes events, who only reads.
--
-- Passwords come from EVENTGATE_OWNER_PASSWORD, EVENTGATE_WRITER_PASSWORD and
-- EVENTGATE_READER_PASSWORD when `eventgate migrate` runs; a role without one can't log in by
-- password. Roles belong to the whole cluster: those that exist stay as they are.
DO $roles$
DECLARE
    role_name text;
    password text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['eventgate_owner', 'eventgate_writer', 'eventgate_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER INHERIT NOCREATEDB NOCREATEROLE '
                           'NOREPLICATION', role_name);
            password := nullif(current_setting('eventgate.' || substr(role_name, 11) || '_password',
                                               true), '');
            IF password IS NOT NULL THEN
                EXECUTE format('ALTER ROLE %I PASSWORD %L', role_name, password);
            END IF;
        END IF;
    END LOOP;
    -- Tables are handed to the owner further on, which only a member may do.
    IF NOT pg_has_role(current_user, 'eventgate_owner', 'MEMBER') THEN
        EXECUTE format('GRANT eventgate_owner TO %I', current_user);
    END IF;
END
$roles$;
