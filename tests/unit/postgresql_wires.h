/* Connections that speak PostgreSQL: with a real server, version 15, as they were, and what none would say. */
#pragma once

#include "wire.h"

#define PG_HELLO "\0\0\0\20\0\3\0\0user\0a\0\0"
#define PG_READY "R\0\0\0\10\0\0\0\0Z\0\0\0\5I"

static const struct wire postgresql_wires[] = {
	{ "a query, after SCRAM",
		{ ASK("\0\0\0Y\0\3\0\0user\0ada\0database\0postgres\0application_name\0t\0client_encoding\0UTF8\0timezone\0UTC\0\0"),
			ANSWER("R\0\0\0\27\0\0\0\nSCRAM-SHA-256\0\0"),
			ASK("p\0\0\0006SCRAM-SHA-256\0\0\0\0 n,,n=,r=hjFxodaFpsSoGg5igxeZsj6A"),
			ANSWER("R\0\0\0\\\0\0\0\13r=hjFxodaFpsSoGg5igxeZsj6APiA40Dw58tzR9l0syCc/xmzm,s=LVvkfJASA4F+6iEiH+oENA==,i=4096"),
			ASK("p\0\0\0lc=biws,r=hjFxodaFpsSoGg5igxeZsj6APiA40Dw58tzR9l0syCc/xmzm,p=dTu/rRggFqQGw5aSXKzmVfcyFbOH3qvzTIZbLw"
			    "Tc8go="),
			ANSWER("R\0\0\0006\0\0\0\14v=tK8U5t2JfCIie/UEmJns1uCnXKQQ0S/OLs4D/r+y1C8=R\0\0\0\10\0\0\0\0S\0\0\0\27application_n"
			       "ame\0t\0S\0\0\0\31client_encoding\0UTF8\0S\0\0\0\27DateStyle\0ISO, MDY\0S\0\0\0&default_transaction_read_o"
			       "nly\0off\0S\0\0\0\27in_hot_standby\0off\0S\0\0\0\31integer_datetimes\0on\0S\0\0\0\33IntervalStyle\0postgre"
			       "s\0S\0\0\0\24is_superuser\0on\0S\0\0\0\31server_encoding\0UTF8\0S\0\0\0002server_version\00015.18 (Debian "
			       "15.18-0+deb12u1)\0S\0\0\0\36session_authorization\0ada\0S\0\0\0#standard_conforming_strings\0on\0S\0\0\0\21"
			       "TimeZone\0UTC\0K\0\0\0\14\0\0G\232\263m?\337Z\0\0\0\5I"),
			ASK("Q\0\0\0(SELECT name FROM users WHERE id = 1\0"),
			ANSWER("T\0\0\0\35\0\1name\0\0\0@\3\0\2\0\0\0\31\377\377\377\377\377\377\0\0D\0\0\0\r\0\1\0\0\0\3AdaC\0\0\0\rSELEC"
			       "T 1\0Z\0\0\0\5I"),
			ASK("X\0\0\0\4"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a password in the clear, several statements",
		{ ASK("\0\0\0[\0\3\0\0user\0plain\0database\0postgres\0application_name\0t\0client_encoding\0UTF8\0timezone\0UTC\0"
		      "\0"),
			ANSWER("R\0\0\0\10\0\0\0\3"), ASK("p\0\0\0\16secret-pw\0"),
			ANSWER("R\0\0\0\10\0\0\0\0S\0\0\0\27application_name\0t\0S\0\0\0\31client_encoding\0UTF8\0S\0\0\0\27DateStyle\0ISO"
			       ", MDY\0S\0\0\0&default_transaction_read_only\0off\0S\0\0\0\27in_hot_standby\0off\0S\0\0\0\31integer_dateti"
			       "mes\0on\0S\0\0\0\33IntervalStyle\0postgres\0S\0\0\0\25is_superuser\0off\0S\0\0\0\31server_encoding\0UTF8\0"
			       "S\0\0\0002server_version\00015.18 (Debian 15.18-0+deb12u1)\0S\0\0\0 session_authorization\0plain\0S\0\0\0#"
			       "standard_conforming_strings\0on\0S\0\0\0\21TimeZone\0UTC\0K\0\0\0\14\0\0G\237q\313\215\206Z\0\0\0\5I"),
			ASK("Q\0\0\0`SELECT 1 AS one; SELECT name, joined FROM users ORDER BY id; UPDATE users SET name = name;;\0"),
			ANSWER("T\0\0\0\34\0\1one\0\0\0\0\0\0\0\0\0\0\27\0\4\377\377\377\377\0\0D\0\0\0\13\0\1\0\0\0\0011C\0\0\0\rSELECT 1"
			       "\0T\0\0\0006\0\2name\0\0\0@\3\0\2\0\0\0\31\377\377\377\377\377\377"
			       "\0\0joined\0\0\0@\3\0\3\0\0\4\240\0\10\377"
			       "\377\377\377\0\0D\0\0\0+\0\2\0\0\0\3Ada\0\0\0\0322024-02-29 12:34:56.789+00D\0\0\0\23\0\2\0\0\0\5Grace\377"
			       "\377\377\377C\0\0\0\rSELECT 2\0C\0\0\0\rUPDATE 2\0Z\0\0\0\5I"),
			ASK("Q\0\0\0\32SELECT * FROM nothere\0"),
			ANSWER("E\0\0\0jSERROR\0VERROR\0C42P01\0Mrelation \"nothere\" does not exist\0P15\0Fparse_relation.c\0L1392\0Rpars"
			       "erOpenTable\0\0Z\0\0\0\5I"),
			ASK("Q\0\0\0006CREATE TEMP TABLE x (a int); SELECT 1/0; SELECT 2\0"),
			ANSWER("C\0\0\0\21CREATE TABLE\0E\0\0\0ASERROR\0VERROR\0C22012\0Mdivision by zero\0Fint.c\0L869\0Rint4div\0\0Z\0\0"
			       "\0\5I"),
			ASK("Q\0\0\0\5\0"), ANSWER("I\0\0\0\4Z\0\0\0\5I"),
			ASK("Q\0\0\0AALTER USER plain PASSWORD 'secret-pw' VALID UNTIL 'infinity'\0"),
			ANSWER("E\0\0\0ESERROR\0VERROR\0C42501\0Mpermission denied\0Fuser.c\0L659\0RAlterRole\0\0Z\0\0\0\5I"),
			ASK("X\0\0\0\4"), CLIENT_ENDS, SERVER_ENDS } },
	{ "MD5, a password that is wrong",
		{ ASK("\0\0\0X\0\3\0\0user\0md\0database\0postgres\0application_name\0t\0client_encoding\0UTF8\0timezone\0UTC\0\0"),
			ANSWER("R\0\0\0\14\0\0\0\5\344\351\272\30"), ASK("p\0\0\0(md5298d13e2c1401ff17961c07f42b99381\0"),
			ANSWER("E\0\0\0bSFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"md\"\0Fauth.c\0L334\0Rauth_fail"
			       "ed\0\0"),
			CLIENT_ENDS, SERVER_ENDS } },
	{ "encryption that is refused, twice",
		{ ASK("\0\0\0\10\4\322\26/"), ANSWER("N"),
			ASK("\0\0\0Y\0\3\0\0user\0tru\0database\0postgres\0application_name\0t\0client_encoding\0UTF8\0timezone\0UTC\0\0"),
			ANSWER("R\0\0\0\10\0\0\0\0S\0\0\0\27application_name\0t\0S\0\0\0\31client_encoding\0UTF8\0S\0\0\0\27DateStyle\0ISO"
			       ", MDY\0S\0\0\0&default_transaction_read_only\0off\0S\0\0\0\27in_hot_standby\0off\0S\0\0\0\31integer_dateti"
			       "mes\0on\0S\0\0\0\33IntervalStyle\0postgres\0S\0\0\0\24is_superuser\0on\0S\0\0\0\31server_encoding\0UTF8\0S"
			       "\0\0\0002server_version\00015.18 (Debian 15.18-0+deb12u1)\0S\0\0\0\36session_authorization\0tru\0S\0\0\0#s"
			       "tandard_conforming_strings\0on\0S\0\0\0\21TimeZone\0UTC\0K\0\0\0\14\0\0G\251:\201o\336Z\0\0\0\5I"),
			ASK("Q\0\0\0&SELECT 'it''s', 1.5, $$a$$ -- end\0"),
			ANSWER("T\0\0\0W\0\3?column?\0\0\0\0\0\0\0\0\0\0\31\377\377\377\377\377\377\0\0?column?\0\0\0\0\0\0\0\0\0\6\244\377"
			       "\377\377\377\377\377\0\0?column?\0\0\0\0\0\0\0\0\0\0\31\377\377\377\377\377\377\0\0D\0\0\0\32\0\3\0\0\0\4i"
			       "t's\0\0\0\0031.5\0\0\0\1aC\0\0\0\rSELECT 1\0Z\0\0\0\5I"),
			ASK("X\0\0\0\4"), CLIENT_ENDS, SERVER_ENDS } },
	{ "parse, bind, execute",
		{ ASK("\0\0\0$\0\3\0\0user\0tru\0database\0postgres\0\0"),
			ANSWER("R\0\0\0\10\0\0\0\0S\0\0\0\26application_name\0\0S\0\0\0\31client_encoding\0UTF8\0S\0\0\0\27DateStyle\0ISO,"
			       " MDY\0S\0\0\0&default_transaction_read_only\0off\0S\0\0\0\27in_hot_standby\0off\0S\0\0\0\31integer_datetim"
			       "es\0on\0S\0\0\0\33IntervalStyle\0postgres\0S\0\0\0\24is_superuser\0on\0S\0\0\0\31server_encoding\0UTF8\0S\0"
			       "\0\0002server_version\00015.18 (Debian 15.18-0+deb12u1)\0S\0\0\0\36session_authorization\0tru\0S\0\0\0#sta"
			       "ndard_conforming_strings\0on\0S\0\0\0\25TimeZone\0Etc/UTC\0K\0\0\0\14\0\0G\255\255\220\374\235Z\0\0\0\5I"),
			ASK("P\0\0\0,\0SELECT name FROM users WHERE id = $1\0\0\0B\0\0\0\21\0\0\0\0\0\1\0\0\0\0011\0\0D\0\0\0\6P\0E\0\0"
			    "\0\t\0\0\0\0\0S\0\0\0\4"),
			ANSWER("1\0\0\0\0042\0\0\0\4T\0\0\0\35\0\1name\0\0\0@\3\0\2\0\0\0\31\377\377\377\377\377\377\0\0D\0\0\0\r\0\1\0\0\0"
			       "\3AdaC\0\0\0\rSELECT 1\0Z\0\0\0\5I"),
			ASK("P\0\0\0Ks1\0SELECT $1::int8 + 1, $2::text, now() IS NULL WHERE $3::float8 > 0\0\0\0D\0\0\0\10Ss1\0S\0\0\0\4"),
			ANSWER("1\0\0\0\4t\0\0\0\22\0\3\0\0\0\24\0\0\0\31\0\0\2\275T\0\0\0S\0\3?column?\0\0\0\0\0\0\0\0\0\0\24\0\10\377\377"
			       "\377\377\0\0text\0\0\0\0\0\0\0\0\0\0\31\377\377\377\377\377\377\0\0?column?\0\0\0\0\0\0\0\0\0\0\20\0\1\377"
			       "\377\377\377\0\0Z\0\0\0\5I"),
			ASK("B\0\0\0.\0s1\0\0\1\0\1\0\3\0\0\0\10\0\0\0\0\0\0\0)\377\377\377\377\0\0\0\10?\370\0\0\0\0\0\0\0\1\0\1E\0\0\0"
			    "\t\0\0\0\0\0S\0\0\0\4"),
			ANSWER("2\0\0\0\4D\0\0\0\33\0\3\0\0\0\10\0\0\0\0\0\0\0*\377\377\377\377\0\0\0\1\0C\0\0\0\rSELECT 1\0Z\0\0\0\5I"),
			ASK("C\0\0\0\10Ss1\0S\0\0\0\4"), ANSWER("3\0\0\0\4Z\0\0\0\5I"), ASK("X\0\0\0\4"), CLIENT_ENDS, SERVER_ENDS } },
	{ "every type in binary",
		{ ASK("\0\0\0$\0\3\0\0user\0tru\0database\0postgres\0\0"),
			ANSWER("R\0\0\0\10\0\0\0\0S\0\0\0\26application_name\0\0S\0\0\0\31client_encoding\0UTF8\0S\0\0\0\27DateStyle\0ISO,"
			       " MDY\0S\0\0\0&default_transaction_read_only\0off\0S\0\0\0\27in_hot_standby\0off\0S\0\0\0\31integer_datetim"
			       "es\0on\0S\0\0\0\33IntervalStyle\0postgres\0S\0\0\0\24is_superuser\0on\0S\0\0\0\31server_encoding\0UTF8\0S\0"
			       "\0\0002server_version\00015.18 (Debian 15.18-0+deb12u1)\0S\0\0\0\36session_authorization\0tru\0S\0\0\0#sta"
			       "ndard_conforming_strings\0on\0S\0\0\0\25TimeZone\0Etc/UTC\0K\0\0\0\14\0\0G\2614\204\231\251Z\0\0\0\5I"),
			ASK("P\0\0\2\6t\0SELECT true, 'x'::bytea, 7::int2, -7::int4, 1.5::float4, '2024-02-29'::date, '12:34:56.7'::tim"
			    "e, '2024-02-29 23:59:59.123456'::timestamp, '0044-03-15 BC'::date, '1 year 2 mons -3 days 04:05:06.5'::int"
			    "erval, -12345.6700::numeric, 0.00012::numeric, 'NaN'::numeric, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uui"
			    "d, '192.168.0.1/24'::inet, '08:00:2b:01:02:03'::macaddr, '{1,NULL,3}'::int4[], '{\"a\": 1}'::jsonb, 12::oi"
			    "d, point(1,2), 'infinity'::timestamptz, '12:00:00-07:30'::timetz, 100000000::numeric, '1.10'::money\0\0\0D"
			    "\0\0\0\7St\0B\0\0\0\20c\0t\0\0\0\0\0\0\1\0\1E\0\0\0\nc\0\0\0\0\0S\0\0\0\4"),
			ANSWER("1\0\0\0\4t\0\0\0\6\0\0T\0\0\2]\0\30?column?\0\0\0\0\0\0\0\0\0\0\20\0\1\377\377\377\377\0\0bytea\0\0\0\0\0\0"
			       "\0\0\0\0\21\377\377\377\377\377\377\0\0int2\0\0\0\0\0\0\0\0\0\0\25\0\2\377\377\377\377\0\0?column?\0\0\0\0"
			       "\0\0\0\0\0\0\27\0\4\377\377\377\377\0\0float4\0\0\0\0\0\0\0\0\0\2\274\0\4\377\377\377\377\0\0date\0\0\0\0\0"
			       "\0\0\0\0\4:\0\4\377\377\377\377\0\0time\0\0\0\0\0\0\0\0\0\4;\0\10\377\377\377\377\0\0timestamp\0\0\0\0\0\0"
			       "\0\0\0\4Z\0\10\377\377\377\377\0\0date\0\0\0\0\0\0\0\0\0\4:\0\4\377\377\377\377\0\0interval\0\0\0\0\0\0\0\0"
			       "\0\4\242\0\20\377\377\377\377\0\0?column?\0\0\0\0\0\0\0\0\0\6\244\377\377\377\377\377\377\0\0numeric\0\0\0"
			       "\0\0\0\0\0\0\6\244\377\377\377\377\377\377\0\0numeric\0\0\0\0\0\0\0\0\0\6\244\377\377\377\377\377\377\0\0u"
			       "uid\0\0\0\0\0\0\0\0\0\13\206\0\20\377\377\377\377\0\0inet\0\0\0\0\0\0\0\0\0\3e\377\377\377\377\377\377\0\0"
			       "macaddr\0\0\0\0\0\0\0\0\0\3=\0\6\377\377\377\377\0\0int4\0\0\0\0\0\0\0\0\0\3\357\377\377\377\377\377\377\0"
			       "\0jsonb\0\0\0\0\0\0\0\0\0\16\332\377\377\377\377\377\377\0\0oid\0\0\0\0\0\0\0\0\0\0\32\0\4\377\377\377\377"
			       "\0\0point\0\0\0\0\0\0\0\0\0\2X\0\20\377\377\377\377\0\0timestamptz\0\0\0\0\0\0\0\0\0\4\240\0\10\377\377\377"
			       "\377\0\0timetz\0\0\0\0\0\0\0\0\0\4\362\0\14\377\377\377\377\0\0numeric\0\0\0\0\0\0\0\0\0\6\244\377\377\377"
			       "\377\377\377\0\0money\0\0\0\0\0\0\0\0\0\3\26\0\10\377\377\377\377\0\0002\0\0\0\4D\0\0\1E\0\30\0\0\0\1\1\0\0"
			       "\0\1x\0\0\0\2\0\7\0\0\0\4\377\377\377\371\0\0\0\4?\300\0\0\0\0\0\4\0\0\"y\0\0\0\10\0\0\0\n\213\344\312`\0\0"
			       "\0\10\0\2\265\214\323V`\0\0\0\0\4\377\364\235{\0\0\0\20\0\0\0\3l\223a\240\377\377\377\375\0\0\0\16\0\0\0\16"
			       "\0\3\0\1@\0\0\4\0\1\t)\32,\0\0\0\14\0\2\377\377"
			       "\0\0\0\5\0\1\7\320\0\0\0\10\0\0\0\0\300\0\0\0\0\0\0\20\240\356"
			       "\274\231\234\13N\370\273mk\271\2758\n\21\0\0\0\10\2\30\0\4\300\250\0\1\0\0\0\6\10\0+\1\2\3\0\0\0(\0\0\0\1\0"
			       "\0\0\1\0\0\0\27\0\0\0\3\0\0\0\1\0\0\0\4\0\0\0\1\377\377\377\377\0\0\0\4\0\0\0\3\0\0\0\t\1{\"a\": 1}\0\0\0\4"
			       "\0\0\0\14\0\0\0\20?\360\0\0\0\0\0\0@\0\0\0\0\0\0\0\0\0\0\10\177\377\377\377\377\377\377\377\0\0\0\14\0\0\0"
			       "\n\16\353\260\0\0\0ix\0\0\0\n\0\1\0\2\0\0\0\0\0\1\0\0\0\10\0\0\0\0\0\0\0nC\0\0\0\rSELECT 1\0Z\0\0\0\5I"),
			ASK("X\0\0\0\4"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a pipeline, one statement fails; a portal in parts",
		{ ASK("\0\0\0$\0\3\0\0user\0tru\0database\0postgres\0\0"),
			ANSWER("R\0\0\0\10\0\0\0\0S\0\0\0\26application_name\0\0S\0\0\0\31client_encoding\0UTF8\0S\0\0\0\27DateStyle\0ISO,"
			       " MDY\0S\0\0\0&default_transaction_read_only\0off\0S\0\0\0\27in_hot_standby\0off\0S\0\0\0\31integer_datetim"
			       "es\0on\0S\0\0\0\33IntervalStyle\0postgres\0S\0\0\0\24is_superuser\0on\0S\0\0\0\31server_encoding\0UTF8\0S\0"
			       "\0\0002server_version\00015.18 (Debian 15.18-0+deb12u1)\0S\0\0\0\36session_authorization\0tru\0S\0\0\0#sta"
			       "ndard_conforming_strings\0on\0S\0\0\0\25TimeZone\0Etc/UTC\0K\0\0\0\14\0\0G\267\372\224~\337Z\0\0\0\5I"),
			ASK("P\0\0\0\21\0SELECT $1\0\0\0B\0\0\0\21\0\0\0\0\0\1\0\0\0\1a\0\0D\0\0\0\6P\0E\0\0\0\t\0\0\0\0\0P\0\0\0(\0INS"
			    "ERT INTO users VALUES (3, $1)\0\0\0B\0\0\0\23\0\0\0\0\0\1\0\0\0\3Ida\0\0D\0\0\0\6P\0E\0\0\0\t\0\0\0\0\0P\0"
			    "\0\0\30\0SELECT 1/$1::int\0\0\0B\0\0\0\21\0\0\0\0\0\1\0\0\0\0010\0\0D\0\0\0\6P\0E\0\0\0\t\0\0\0\0\0P\0\0\0"
			    "\20\0SELECT 2\0\0\0B\0\0\0\14\0\0\0\0\0\0\0\0D\0\0\0\6P\0E\0\0\0\t\0\0\0\0\0P\0\0\0\20\0SELECT 3\0\0\0B\0\0"
			    "\0\14\0\0\0\0\0\0\0\0D\0\0\0\6P\0E\0\0\0\t\0\0\0\0\0S\0\0\0\4P\0\0\0\20\0SELECT 4\0\0\0B\0\0\0\14\0\0\0\0\0"
			    "\0\0\0D\0\0\0\6P\0E\0\0\0\t\0\0\0\0\0S\0\0\0\4"),
			ANSWER("1\0\0\0\0042\0\0\0\4T\0\0\0!\0\1?column?\0\0\0\0\0\0\0\0\0\0\31\377\377\377\377\377\377\0\0D\0\0\0\13\0\1\0"
			       "\0\0\1aC\0\0\0\rSELECT 1\0001\0\0\0\0042\0\0\0\4n\0\0\0\4C\0\0\0\17INSERT 0 1\0001\0\0\0\4E\0\0\0ASERROR\0"
			       "VERROR\0C22012\0Mdivision by zero\0Fint.c\0L869\0Rint4div\0\0Z\0\0\0\5I1\0\0\0\0042\0\0\0\4T\0\0\0!\0\1?co"
			       "lumn?\0\0\0"
			       "\0\0\0\0\0\0\0\27\0\4\377\377\377\377\0\0D\0\0\0\13\0\1\0\0\0\0014C\0\0\0\rSELECT 1\0Z\0\0\0\5I"),
			ASK("P\0\0\0-\0SELECT g FROM generate_series(1, 5) g\0\0\0B\0\0\0\17cur\0\0\0\0\0\0\0\0E\0\0\0\14cur\0\0\0\0\2H"
			    "\0\0\0\4"),
			ANSWER("1\0\0\0\0042\0\0\0\4D\0\0\0\13\0\1\0\0\0\0011D\0\0\0\13\0\1\0\0\0\0012s\0\0\0\4"),
			ASK("E\0\0\0\14cur\0\0\0\0\2H\0\0\0\4"), ANSWER("D\0\0\0\13\0\1\0\0\0\0013D\0\0\0\13\0\1\0\0\0\0014s\0\0\0\4"),
			ASK("E\0\0\0\14cur\0\0\0\0\0S\0\0\0\4"), ANSWER("D\0\0\0\13\0\1\0\0\0\0015C\0\0\0\rSELECT 1\0Z\0\0\0\5I"),
			ASK("S\0\0\0\4"), ANSWER("Z\0\0\0\5I"), ASK("X\0\0\0\4"), SERVER_ENDS, CLIENT_ENDS } },
	{ "data to copy, both ways",
		{ ASK("\0\0\0$\0\3\0\0user\0tru\0database\0postgres\0\0"),
			ANSWER("R\0\0\0\10\0\0\0\0S\0\0\0\26application_name\0\0S\0\0\0\31client_encoding\0UTF8\0S\0\0\0\27DateStyle\0ISO,"
			       " MDY\0S\0\0\0&default_transaction_read_only\0off\0S\0\0\0\27in_hot_standby\0off\0S\0\0\0\31integer_datetim"
			       "es\0on\0S\0\0\0\33IntervalStyle\0postgres\0S\0\0\0\24is_superuser\0on\0S\0\0\0\31server_encoding\0UTF8\0S\0"
			       "\0\0002server_version\00015.18 (Debian 15.18-0+deb12u1)\0S\0\0\0\36session_authorization\0tru\0S\0\0\0#sta"
			       "ndard_conforming_strings\0on\0S\0\0\0\25TimeZone\0Etc/UTC\0K\0\0\0\14\0\0G\273\316P\3676Z\0\0\0\5I"),
			ASK("Q\0\0\0%COPY users (id, name) FROM STDIN\0"), ANSWER("G\0\0\0\13\0\0\2\0\0\0\0"),
			ASK("d\0\0\0\02110\tTen\n11\tEled\0\0\0\10ven\nc\0\0\0\4"), ANSWER("C\0\0\0\13COPY 2\0Z\0\0\0\5I"),
			ASK("Q\0\0\0\31COPY users TO STDOUT\0"),
			ANSWER("H\0\0\0\r\0\0\3\0\0\0\0\0\0d\0\0\0%1\tAda\t2024-02-29 12:34:56.789+00\n"
			       "d\0\0\0\0172\tGrace\t\\N\nd\0\0\0\016"
			       "10\tTen\t\\N\nd\0\0\0\02111\tEleven\t\\N\nc\0\0\0\4C\0\0\0\13COPY 4\0Z\0\0\0\5I"),
			ASK("Q\0\0\0\37COPY users (id) FROM STDIN\0"), ANSWER("G\0\0\0\t\0\0\1\0\0"), ASK("f\0\0\0\14no more\0"),
			ANSWER("E\0\0\0rSERROR\0VERROR\0C57014\0MCOPY from stdin failed: no more\0WCOPY users, line 1\0Fcopyfromparse.c\0L"
			       "315\0RCopyGetData\0\0Z\0\0\0\5I"),
			ASK("P\0\0\0\"\0COPY users (id) FROM STDIN\0\0\0B\0\0\0\14\0\0\0\0\0\0\0\0E\0\0\0\t\0\0\0\0\0S\0\0\0\4"),
			ANSWER("1\0\0\0\0042\0\0\0\4G\0\0\0\t\0\0\1\0\0"), ASK("d\0\0\0\00720\nc\0\0\0\4S\0\0\0\4"),
			ANSWER("C\0\0\0\13COPY 1\0Z\0\0\0\5I"), ASK("Q\0\0\0$DELETE FROM users WHERE id >= 3\0"),
			ANSWER("C\0\0\0\rDELETE 3\0Z\0\0\0\5I"), ASK("X\0\0\0\4"), CLIENT_ENDS, SERVER_ENDS } },
	{ "notices, notifications, a server that goes",
		{ ASK("\0\0\0$\0\3\0\0user\0tru\0database\0postgres\0\0"),
			ANSWER("R\0\0\0\10\0\0\0\0S\0\0\0\26application_name\0\0S\0\0\0\31client_encoding\0UTF8\0S\0\0\0\27DateStyle\0ISO,"
			       " MDY\0S\0\0\0&default_transaction_read_only\0off\0S\0\0\0\27in_hot_standby\0off\0S\0\0\0\31integer_datetim"
			       "es\0on\0S\0\0\0\33IntervalStyle\0postgres\0S\0\0\0\24is_superuser\0on\0S\0\0\0\31server_encoding\0UTF8\0S\0"
			       "\0\0002server_version\00015.18 (Debian 15.18-0+deb12u1)\0S\0\0\0\36session_authorization\0tru\0S\0\0\0#sta"
			       "ndard_conforming_strings\0on\0S\0\0\0\25TimeZone\0Etc/UTC\0K\0\0\0\14\0\0G\277\241Sr;Z\0\0\0\5I"),
			ASK("Q\0\0\0|LISTEN news; DO $$ BEGIN RAISE NOTICE 'take %', 'note'; END $$; NOTIFY news, 'all \"well\"'; SET a"
			    "pplication_name = 'a b'\0"),
			ANSWER("C\0\0\0\13LISTEN\0N\0\0\0~SNOTICE\0VNOTICE\0C00000\0Mtake note\0WPL/pgSQL function inline_code_block line "
			       "1 at RAISE\0Fpl_exec.c\0L3891\0Rexec_stmt_raise\0\0C\0\0\0\7DO\0C\0\0\0\13NOTIFY\0C\0\0\0\10SET\0A\0\0\0\30"
			       "\0\0G\277news\0all \"well\"\0S\0\0\0\31application_name\0a b\0Z\0\0\0\5IA\0\0\0\23\0\0G\305news\0later\0E\0"
			       "\0\0tSFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0Fpostgres.c\0L3211\0RPr"
			       "ocessInterrupts\0\0"),
			SERVER_ENDS, CLIENT_ENDS } },
	{ "notices, notifications, a server that goes (2)",
		{ ASK("\0\0\0 \0\3\0\0user\0tru\0database\0none\0\0"),
			ANSWER("R\0\0\0\10\0\0\0\0E\0\0\0YSFATAL\0VFATAL\0C3D000\0Mdatabase \"none\" does not exist\0Fpostinit.c\0L948\0RI"
			       "nitPostgres\0\0"),
			CLIENT_ENDS, SERVER_ENDS } },
	{ "encryption that is accepted",
		{ ASK("\0\0\0\10\4\322\26\60"), ANSWER("N"), ASK("\0\0\0\10\4\322\26/"), ANSWER("S"), ASK("\26\3\1\1\0secret"),
			ANSWER("\26\3\3\0\7secret"), ASK("more"), ANSWER("\27"), CLIENT_ENDS, SERVER_ENDS } },
	{ "encryption that nobody begins", { ASK("\0\0\0\10\4\322\26/"), ANSWER("S"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a server that knows nothing of encryption",
		{ ASK("\0\0\0\10\4\322\26/"), ANSWER("E\0\0\0\27SFATAL\0C0A000\0Mno\0\0"), SERVER_ENDS, CLIENT_ENDS } },
	{ "cancel", { ASK("\0\0\0\20\4\322\26.\0\0\4\322secr"), SERVER_ENDS, CLIENT_ENDS } },
	{ "a function, by number",
		{ ASK(PG_HELLO "F\0\0\0\20\0\0\4\322\0\0\0\0\0\0\0\0"), ANSWER(PG_READY "V\0\0\0\10\377\377\377\377Z\0\0\0\5I"),
			CLIENT_ENDS } },
	{ "an answer to nothing, and data for nobody",
		{ ASK(PG_HELLO), ANSWER(PG_READY "C\0\0\0\15SELECT 1\0Z\0\0\0\5E"), ASK("d\0\0\0\6a\nd\0\0\0\6b\nc\0\0\0\4"),
			ASK("p\0\0\0\13secret\0H\0\0\0\4X\0\0\0\4"), CLIENT_ENDS, SERVER_ENDS } },
	{ "an end within messages", { ASK(PG_HELLO "Q\0\0\0\15SELECT 1\0Q\0\0\0\15SEL"), ANSWER(PG_READY "D\0\0\0\13\0\1\0\0"), RESET } },
	{ "an end before the answer",
		{ ASK(PG_HELLO "Q\0\0\0\15SELECT 1\0Q\0\0\0\15SELECT 2\0"), ANSWER(PG_READY), SERVER_ENDS, ASK("Q\0\0\0\15SELECT 3\0"),
			CLIENT_ENDS } },
	{ "bytes that are not PostgreSQL",
		{ ASK(PG_HELLO), ANSWER(PG_READY), ASK("Q\0\0\0\15SELECT 1\0what is this?"), ANSWER("Z\0\0\0\5I\1\2\3\4"), ASK("and that"),
			CLIENT_ENDS, SERVER_ENDS } },
	{ "a size that none can have, where a password may be",
		{ ASK(PG_HELLO), ANSWER("R\0\0\0\10\0\0\0\3"), ASK("p\377\377\377\377secret"), CLIENT_ENDS, SERVER_ENDS } },
	{ "a start without a user", { ASK("\0\0\0\14\0\3\0\0user"), ANSWER("E\0\0\0\377"), CLIENT_ENDS, SERVER_ENDS } },
	{ "messages that are cut short by their own sizes",
		{ ASK(PG_HELLO "P\0\0\0\5aB\0\0\0\4B\0\0\0\5aE\0\0\0\4D\0\0\0\4C\0\0\0\4S\0\0\0\4Q\0\0\0\4F\0\0\0\4"),
			ANSWER(PG_READY "1\0\0\0\4"
					"2\0\0\0\4T\0\0\0\4t\0\0\0\5\1D\0\0\0\4D\0\0\0\6\377\377D\0\0\0\12\0\1\0\0\0\11C\0\0\0\4"
					"Z\0\0\0\4E\0\0\0\4Z\0\0\0\4A\0\0\0\4N\0\0\0\4S\0\0\0\4R\0\0\0\4K\0\0\0\4V\0\0\0\4Z\0\0\0\4"),
			CLIENT_ENDS, SERVER_ENDS } },
	{ "a parameter that is a password",
		{ ASK(PG_HELLO "P\0\0\0\42\0UPDATE u SET password = $1\0\0\0"
			       "B\0\0\0\26\0\0\0\0\0\1\0\0\0\6secret\0\0E\0\0\0\11\0\0\0\0\0S\0\0\0\4"),
			ANSWER(PG_READY "1\0\0\0\4"
					"2\0\0\0\4"
					"C\0\0\0\15UPDATE 1\0Z\0\0\0\5I"),
			CLIENT_ENDS } },
	{ "a statement that begins elsewhere",
		{ ASK(PG_HELLO "B\0\0\0\14\0s9\0\0\0\0\0E\0\0\0\11\0\0\0\0\0S\0\0\0\4"),
			ANSWER(PG_READY "2\0\0\0\4D\0\0\0\13\0\1\0\0\0\1xC\0\0\0\15SELECT 1\0Z\0\0\0\5T"), CLIENT_ENDS } },
};

enum { POSTGRESQL_WIRES = sizeof postgresql_wires / sizeof *postgresql_wires };
