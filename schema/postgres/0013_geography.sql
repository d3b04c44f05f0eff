-- Where communes and postcodes lie: the middle of the establishments that stand there with coordinates of their
-- own. Structures without coordinates are shown there. Filled at the end of an import (src/import/centres.rs).
create table commune_centres (
    -- INSEE code, as the extracts write it.
    code text primary key, lat double precision not null, lon double precision not null
);
create table postcode_centres (
    code text primary key, lat double precision not null, lon double precision not null
);

-- Kilometres between two points of one region, as on a plane: within a percent up to some hundred kilometres.
create function plane_km(a_lat double precision, a_lon double precision,
                         b_lat double precision, b_lon double precision)
returns double precision language sql immutable parallel safe
return 111.195 * sqrt((a_lat - b_lat) ^ 2 + ((a_lon - b_lon) * cos(radians(a_lat))) ^ 2);
